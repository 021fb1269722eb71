import { databaseError, misuse, openError } from "./_failure.ts";
import { sqlite } from "./_library.ts";
import { StatementHandle } from "./_statement_handle.ts";
import { toCString } from "./_text.ts";

/** A connection of SQLite, and the statements that must not outlive it. */
export class Connection {
  static readonly #ofOwner = new WeakMap<object, Connection>();

  /** The connection that was opened for an object. */
  static of(owner: object): Connection {
    const connection = Connection.#ofOwner.get(owner);
    if (connection === undefined) {
      throw misuse("a statement is prepared by a Database of this package");
    }
    return connection;
  }

  readonly #path: string;
  readonly #statements = new Set<StatementHandle>();
  #pointer: Deno.PointerValue;

  constructor(owner: object, path: string, flags: number) {
    this.#path = path;
    const out = new BigUint64Array(1);
    const code = sqlite.sqlite3_open_v2(
      toCString(path, "a path"),
      out,
      flags,
      null,
    );
    this.#pointer = Deno.UnsafePointer.create(out[0]!);
    if (code !== 0) {
      const error = openError(this.#pointer, code, path);
      // What failed to open has to be closed nevertheless.
      sqlite.sqlite3_close_v2(this.#pointer);
      throw error;
    }
    Connection.#ofOwner.set(owner, this);
  }

  /** Whether it has not been closed. */
  get open(): boolean {
    return this.#pointer !== null;
  }

  /**
   * What the C functions take.
   *
   * @throws {SqliteError} If the connection is closed, since they would crash.
   */
  get pointer(): Deno.PointerValue {
    if (this.#pointer === null) {
      throw misuse(`the database ${this.#path} is closed: open it again`);
    }
    return this.#pointer;
  }

  /** Compiles the first statement of a text. */
  prepare(sql: string): StatementHandle {
    const db = this.pointer;
    const text = toCString(sql, "an SQL text");
    const out = new BigUint64Array(1);
    const code = sqlite.sqlite3_prepare_v2(db, text, text.length, out, null);
    if (code !== 0) throw databaseError(db);
    const pointer = Deno.UnsafePointer.create(out[0]!);
    if (pointer === null) {
      throw misuse("the SQL text holds no statement: it is empty or a comment");
    }
    return new StatementHandle(pointer, db, this.#statements);
  }

  /** Finalizes the statements and closes, once. */
  close(): void {
    const db = this.#pointer;
    if (db === null) return;
    for (const statement of this.#statements) statement.finalize();
    this.#pointer = null;
    sqlite.sqlite3_close_v2(db);
  }
}
