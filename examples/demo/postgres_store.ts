import postgres from "postgres";
import {
  type AuditableSink,
  PostgresSink,
  SinkError,
} from "@zu/backends/sinks";
import { UsageError } from "./flags.ts";
import type { Keys } from "./keys.ts";
import type { EditedRows, LogStore, SqlValue } from "./log_store.ts";

/** What is used of npm:postgres: everything is sent and taken as it is. */
const CLIENT = {
  max: 1,
  fetch_types: false,
  target_session_attrs: "primary",
  // That a schema was dropped with all that was in it, say.
  onnotice: () => {},
} as const;

/** An address as it can be shown: without who, and without a password. */
export function shownAddress(address: string): string {
  return address.replace(/^[a-z]+:\/\/(?:[^/?#]*@)?/, "").replace(/[?#].*/, "");
}

/**
 * Makes sure that a server can be reached, before anything is made.
 *
 * @throws {UsageError} If the address is none.
 * @throws {SinkError} If it cannot be reached, or does not let in.
 */
export async function checkServer(address: string): Promise<void> {
  const options = { schema: "zu demo of nobody", readOnly: true };
  try {
    await (await PostgresSink.open(address, options)).close();
  } catch (error) {
    if (error instanceof TypeError) {
      throw new UsageError(`--sink: ${error.message}`, { cause: error });
    }
    // No such log, says a server that can be reached.
    const isReached = error instanceof SinkError && error.code === "not_a_log";
    if (!isReached) throw error;
  }
}

/** A log in a schema of a PostgreSQL database, which is the run's own. */
export class PostgresStore implements LogStore {
  /** The log. */
  readonly log: PostgresSink;
  /** The schema's name, such as `demo_20261124t130549za11d`. */
  readonly name: string;
  /** Which PostgreSQL, and how durable. */
  readonly storage: string;
  /** Where the log is, and how it is removed. */
  readonly farewell: string;
  readonly #address: string;
  readonly #keys: Keys;

  private constructor(log: PostgresSink, address: string, keys: Keys) {
    const { synchronousCommit, synchronousStandbys } = log.durability;
    const standbys = synchronousStandbys === ""
      ? "no synchronous standby"
      : `standbys ${synchronousStandbys}`;
    this.log = log;
    this.name = log.schema;
    this.storage = `PostgreSQL ${log.serverVersion}, synchronous_commit ` +
      `${synchronousCommit}, ${standbys}`;
    this.farewell =
      `The log is in the schema ${this.name} of ${
        shownAddress(address)
      }, and ` +
      `stays there until\n    DROP SCHEMA ${this.name} CASCADE;`;
    this.#address = address;
    this.#keys = keys;
  }

  /** Makes a log in a schema that is named after the run's folder. */
  static async open(
    folder: string,
    keys: Keys,
    address: string,
  ): Promise<PostgresStore> {
    const run = folder.slice(folder.lastIndexOf("/") + 1).toLowerCase();
    // The time, and so much of what follows it that runs do not meet.
    const schema = `demo_${run.replaceAll(/[^a-z0-9]/g, "").slice(0, 20)}`;
    const log = await PostgresSink.open(address, { schema, ...keys });
    return new PostgresStore(log, address, keys);
  }

  /** The tables, with their indexes. */
  async sizes(): Promise<[string, number][]> {
    const [row] = await this.#withClient((client) =>
      client.unsafe(
        "SELECT sum(pg_total_relation_size(oid))::text AS bytes FROM pg_class " +
          "WHERE relnamespace = $1::regnamespace AND relkind = 'r'",
        [this.name],
      )
    );
    return [[this.name, Number(row!.bytes)]];
  }

  /** Edits a copy of the schema beside it, which is dropped in the end. */
  async edited<Result>(
    name: string,
    edit: (rows: EditedRows) => Promise<void>,
    use: (copy: AuditableSink, name: string) => Promise<Result>,
  ): Promise<Result> {
    const schema = `${this.name}_${name.replaceAll("-", "_")}`;
    const options = { schema, ...this.#keys };
    await (await PostgresSink.open(this.#address, options)).close();
    try {
      await this.#withClient((client) =>
        client.begin(async (transaction) => {
          await transaction.unsafe(
            `SET LOCAL search_path = ${schema};
            INSERT INTO events SELECT * FROM ${this.name}.events;
            SELECT setval('events_seq', max(seq)) FROM events;`,
          );
          await edit(rowsOf(transaction));
        })
      );
      await using copy = await PostgresSink.open(this.#address, {
        ...options,
        readOnly: true,
      });
      return await use(copy, schema);
    } finally {
      await this.#withClient((client) =>
        client.unsafe(`DROP SCHEMA ${schema} CASCADE`)
      );
    }
  }

  async #withClient<Result>(
    use: (client: postgres.Sql) => Promise<Result>,
  ): Promise<Result> {
    const client = postgres(this.#address, CLIENT);
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  }

  /** Closes the log. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.log.close();
  }
}

/** Edits rows as the owner of the schema would, who has no key. */
function rowsOf(transaction: postgres.TransactionSql): EditedRows {
  const ask = (sql: string, values: SqlValue[]) => {
    let place = 0;
    return transaction.unsafe(sql.replaceAll("?", () => `$${++place}`), values);
  };
  return {
    change: async (sql, ...values) => (await ask(sql, values)).count,
    get: async (sql, ...values) => (await ask(sql, values))[0],
  };
}
