// npm:postgres in a loop: the same tables, columns and blobs as the sink's, without
// JSON, chain, codec or heads.
import postgres from "postgres";
import type { Event } from "../sinks/mod.ts";
import { PostgresSink } from "../sinks/postgres_sink.ts";

const COLUMNS = [
  "seq",
  "event_id",
  "trace_id",
  "task_id",
  "parent_id",
  "type",
  "source",
  "data",
] as const;
const PAGE = 1024;

/** A schema for one turn, with the tables of a log, dropped when it is over. */
export async function withSchema<T>(
  url: string,
  use: (schema: string) => Promise<T>,
): Promise<T> {
  const schema = `bench_${crypto.randomUUID().replaceAll("-", "")}`;
  await (await PostgresSink.open(url, { schema })).close();
  try {
    return await use(schema);
  } finally {
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    await sql`DROP SCHEMA ${sql(schema)} CASCADE`;
    await sql.end();
  }
}

/** A bare client. */
export class RawPostgres {
  readonly #sql: postgres.Sql;
  readonly #table: string;

  constructor(url: string, schema: string, connections: number) {
    this.#sql = postgres(url, { max: connections });
    this.#table = `${schema}.events`;
  }

  #row(event: Event, seq: number, data: Uint8Array) {
    const { event_id, trace_id, task_id, parent_id, type, source } = event;
    return { seq, event_id, trace_id, task_id, parent_id, type, source, data };
  }

  /** Inserts rows, so many to a statement in a transaction, one after the other. */
  async insertInTransactions(
    events: readonly Event[],
    perTransaction: number,
    blob: Uint8Array,
  ): Promise<void> {
    for (let at = 0; at < events.length; at += perTransaction) {
      const rows = events.slice(at, at + perTransaction).map((event, n) =>
        this.#row(event, at + n + 1, blob)
      );
      await this.#sql.begin(async (tx) => {
        await tx`INSERT INTO ${tx(this.#table)} ${tx(rows, ...COLUMNS)}`;
      });
    }
  }

  /** Inserts rows in transactions of a statement each, from several tasks. */
  async insertOneByOne(
    events: readonly Event[],
    tasks: number,
    blob: Uint8Array,
  ): Promise<void> {
    let next = 0;
    const task = async () => {
      while (next < events.length) {
        const at = next++;
        const row = this.#row(events[at]!, at + 1, blob);
        const sql = this.#sql;
        await sql`INSERT INTO ${sql(this.#table)} ${sql(row, ...COLUMNS)}`;
      }
    };
    await Promise.all(Array.from({ length: tasks }, task));
  }

  /** Reads every row in pages by seq; `parse` is given each blob. */
  async readAll(parse: (data: Uint8Array) => void): Promise<number> {
    const sql = this.#sql;
    let seq = "0";
    let count = 0;
    while (true) {
      const rows = await sql`SELECT * FROM ${
        sql(this.#table)
      } WHERE seq > ${seq} ORDER BY seq LIMIT ${PAGE}`;
      for (const row of rows) parse(row.data);
      count += rows.length;
      if (rows.length < PAGE) return count;
      seq = rows.at(-1)!.seq;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.end();
  }
}
