import { DatabaseSync } from "node:sqlite";
import { type AuditableSink, SqliteSink } from "@zu/backends/sinks";
import type { Keys } from "./keys.ts";
import type { EditedRows, LogStore, SqlValue } from "./log_store.ts";

/** A log in a file, `run.db` in the run's folder. */
export class SqliteStore implements LogStore {
  /** The log. */
  readonly log: SqliteSink;
  /** The file's name. */
  readonly name = "run.db";
  /** Which SQLite wrote it. */
  readonly storage: string;
  /** The folder says it all. */
  readonly farewell = "";
  readonly #folder: string;
  readonly #keys: Keys;

  private constructor(log: SqliteSink, folder: string, keys: Keys) {
    this.log = log;
    this.storage = `SQLite ${log.sqliteVersion}, driver ${log.driver}`;
    this.#folder = folder;
    this.#keys = keys;
  }

  /** Makes a log in a new folder. */
  static async open(
    folder: string,
    keys: Keys,
    driver: "auto" | "ffi" | "builtin",
  ): Promise<SqliteStore> {
    const path = `${folder}/run.db`;
    const log = await SqliteSink.open(path, { driver, ...keys });
    return new SqliteStore(log, folder, keys);
  }

  /** The file, and its write-ahead log. */
  async sizes(): Promise<[string, number][]> {
    // Without, most of the log would still be in the write-ahead log.
    await this.log.checkpoint();
    const names = [this.name, `${this.name}-wal`];
    return await Promise.all(
      names.map(async (name): Promise<[string, number]> => {
        return [name, (await Deno.stat(`${this.#folder}/${name}`)).size];
      }),
    );
  }

  /** Edits a file beside the log, which stays. */
  async edited<Result>(
    name: string,
    edit: (rows: EditedRows) => Promise<void>,
    use: (copy: AuditableSink, name: string) => Promise<Result>,
  ): Promise<Result> {
    const path = `${this.#folder}/${name}.db`;
    await this.log.backup(path);
    await editFile(path, edit);
    await using copy = await SqliteSink.open(path, {
      codec: this.#keys.codec,
      driver: this.log.driver,
      readOnly: true,
    });
    return await use(copy, `${name}.db`);
  }

  /** Closes the log. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.log.close();
  }
}

/** Edits a file as someone would who knows SQLite and has no key. */
async function editFile(
  path: string,
  edit: (rows: EditedRows) => Promise<void>,
): Promise<void> {
  const db = new DatabaseSync(path);
  try {
    await edit({
      change: (sql: string, ...values: SqlValue[]) =>
        Promise.resolve(Number(db.prepare(sql).run(...values).changes)),
      get: (sql: string, ...values: SqlValue[]) =>
        Promise.resolve(db.prepare(sql).get(...values)),
    });
  } finally {
    db.close();
  }
}
