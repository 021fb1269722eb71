import { Connection } from "./_connection.ts";
import {
  SQLITE_DONE,
  SQLITE_OK,
  SQLITE_OPEN_CREATE,
  SQLITE_OPEN_MEMORY,
  SQLITE_OPEN_READONLY,
  SQLITE_OPEN_READWRITE,
} from "./_constants.ts";
import { codeError, databaseError } from "./_failure.ts";
import { filePath } from "./_file_path.ts";
import { sqlite } from "./_library.ts";
import { toCString } from "./_text.ts";
import type { RestBindParameters } from "./bind_value.ts";
import { Statement } from "./statement.ts";
import { createTransaction, type Transaction } from "./transaction.ts";

/** How {@linkcode Database} opens a file, and how it reads values. */
export interface DatabaseOpenOptions {
  /**
   * Whether writing is refused.
   *
   * @default {false}
   */
  readonly?: boolean;
  /**
   * Whether a file that does not exist is created.
   *
   * @default {true}
   */
  create?: boolean;
  /** The flags of `sqlite3_open_v2`, in place of the options before. */
  flags?: number;
  /**
   * Whether the database is kept in memory, whatever its path.
   *
   * @default {false}
   */
  memory?: boolean;
  /**
   * Whether integers beyond 32 bits are read: as numbers, or from 2^53 on as
   * bigints. If not, reading one is an error; the registry's package returns a
   * wrong number instead.
   *
   * @default {false}
   */
  int64?: boolean;
  /**
   * Kept for the registry's package, which can leave out some checks; here
   * there is nothing to leave out.
   *
   * @default {false}
   */
  unsafeConcurrency?: boolean;
  /**
   * Whether what SQLite's JSON functions return is parsed.
   *
   * @default {true}
   */
  parseJson?: boolean;
}

/**
 * A connection to a database.
 *
 * Needs `--allow-ffi`. Every call blocks the thread until SQLite is done. Once
 * it is closed, all but `open`, `path`, `inTransaction` and `close` throw a
 * `SqliteError`, as do its statements.
 *
 * @example Usage
 * ```ts
 * import { Database } from "@db/sqlite";
 *
 * const db = new Database(":memory:", { int64: true });
 * db.exec("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)");
 * db.exec("INSERT INTO notes (text) VALUES (?)", "hello");
 * console.log(db.prepare("SELECT * FROM notes").all());
 * db.close();
 * ```
 */
export class Database {
  /** Whether integers beyond 32 bits are read. */
  int64: boolean;
  /** Whether what SQLite's JSON functions return is parsed. */
  parseJson: boolean;
  /** What the option of this name was. */
  unsafeConcurrency: boolean;

  readonly #path: string;
  readonly #connection: Connection;

  /**
   * Opens a database.
   *
   * @param path The file's path or `file:` URL; `:memory:` for one in memory.
   * @param options How to open it.
   * @throws {SqliteError} If it cannot be opened.
   */
  constructor(path: string | URL, options: DatabaseOpenOptions = {}) {
    this.#path = path instanceof URL ? filePath(path) : path;
    this.int64 = options.int64 ?? false;
    this.parseJson = options.parseJson ?? true;
    this.unsafeConcurrency = options.unsafeConcurrency ?? false;
    this.#connection = new Connection(
      this,
      this.#path,
      options.flags ?? openFlags(options),
    );
  }

  /** Whether the connection has not been closed. */
  get open(): boolean {
    return this.#connection.open;
  }

  /** The path that was opened. */
  get path(): string {
    return this.#path;
  }

  /** The connection of the C library. */
  get unsafeHandle(): Deno.PointerValue {
    return this.#connection.pointer;
  }

  /** How many rows the last statement that changed any has changed. */
  get changes(): number {
    return sqlite.sqlite3_changes(this.#connection.pointer);
  }

  /** How many rows were changed since the connection was opened. */
  get totalChanges(): number {
    return sqlite.sqlite3_total_changes(this.#connection.pointer);
  }

  /**
   * The row id of the last row inserted.
   *
   * @throws {RangeError} If it is beyond what a number holds exactly.
   */
  get lastInsertRowId(): number {
    const id = sqlite.sqlite3_last_insert_rowid(this.#connection.pointer);
    if (BigInt.asIntN(54, id) !== id) {
      throw new RangeError(
        `Cannot return the row id ${id} as a number: it has more than 53 ` +
          "bits; select last_insert_rowid() with int64",
      );
    }
    return Number(id);
  }

  /** Whether each statement commits by itself, that is, outside transactions. */
  get autocommit(): boolean {
    return sqlite.sqlite3_get_autocommit(this.#connection.pointer) !== 0;
  }

  /** Whether a transaction is open. */
  get inTransaction(): boolean {
    return this.open && !this.autocommit;
  }

  /**
   * Compiles a statement.
   *
   * @param sql The statement; what follows the first one is left out.
   * @returns The statement, to be run any number of times.
   * @throws {SqliteError} If it is not SQL that the database understands.
   */
  prepare<T extends object = Record<string, unknown>>(
    sql: string,
  ): Statement<T> {
    return new Statement<T>(this, sql);
  }

  /**
   * Runs all statements of a text or, with parameters, its first one.
   *
   * @param sql The text.
   * @param params The values of the parameters.
   * @returns How many rows the last statement that changed any has changed.
   * @throws {SqliteError} If a statement fails; those before it were run.
   */
  exec(sql: string, ...params: RestBindParameters): number {
    if (params.length > 0) {
      using statement = this.prepare(sql);
      return statement.run(...params);
    }
    const db = this.#connection.pointer;
    const text = toCString(sql, "an SQL text");
    const code = sqlite.sqlite3_exec(db, text, null, null, null);
    if (code !== SQLITE_OK) throw databaseError(db);
    return sqlite.sqlite3_changes(db);
  }

  /**
   * Does what {@linkcode Database.exec} does.
   *
   * @param sql The text.
   * @param params The values of the parameters.
   * @returns How many rows the last statement that changed any has changed.
   */
  run(sql: string, ...params: RestBindParameters): number {
    return this.exec(sql, ...params);
  }

  /**
   * Runs a template, the values in which become parameters.
   *
   * @param strings The SQL around the values.
   * @param parameters The values.
   * @returns The rows.
   */
  sql<T extends Record<string, unknown> = Record<string, unknown>>(
    strings: TemplateStringsArray,
    ...parameters: RestBindParameters
  ): T[] {
    using statement = this.prepare<T>(strings.join("?"));
    return statement.all(...parameters);
  }

  /**
   * Wraps a function so that each call is a transaction.
   *
   * It is committed when the function returns, and rolled back when it throws.
   * A call inside another transaction is a savepoint of that one.
   *
   * @param fn The function, which cannot be async.
   * @returns The function, with `deferred`, `immediate` and `exclusive` forms.
   */
  transaction<T extends (...args: never[]) => unknown>(fn: T): Transaction<T> {
    return createTransaction(this, fn);
  }

  /**
   * Copies this database into another one, which it replaces.
   *
   * @param dest Where to copy it to.
   * @param name Which of that connection's databases to replace.
   * @param pages How many pages to copy; all, if negative.
   * @throws {SqliteError} If that fails.
   */
  backup(dest: Database, name = "main", pages = -1): void {
    const target = dest.#connection.pointer;
    const backup = sqlite.sqlite3_backup_init(
      target,
      toCString(name, "a database's name"),
      this.#connection.pointer,
      toCString("main", "a database's name"),
    );
    if (backup === null) throw databaseError(target);
    const code = sqlite.sqlite3_backup_step(backup, pages);
    // Whatever came of the step, finishing frees the backup.
    const end = sqlite.sqlite3_backup_finish(backup);
    if (code !== SQLITE_OK && code !== SQLITE_DONE) throw codeError(code);
    if (end !== SQLITE_OK) throw codeError(end);
  }

  /** Finalizes all statements and closes; a second call does nothing. */
  close(): void {
    this.#connection.close();
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return `SQLite3.Database { path: ${this.path} }`;
  }
}

function openFlags(options: DatabaseOpenOptions): number {
  const memory = options.memory ? SQLITE_OPEN_MEMORY : 0;
  if (options.readonly) return memory | SQLITE_OPEN_READONLY;
  const create = options.create ?? true ? SQLITE_OPEN_CREATE : 0;
  return memory | SQLITE_OPEN_READWRITE | create;
}
