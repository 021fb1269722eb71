import { SQLITE_DONE, SQLITE_OK, SQLITE_ROW } from "./_constants.ts";
import { Connection } from "./_connection.ts";
import { databaseError, misuse } from "./_failure.ts";
import { sqlite } from "./_library.ts";
import { Parameters } from "./_parameters.ts";
import { RowReader } from "./_row_reader.ts";
import type { StatementHandle } from "./_statement_handle.ts";
import { readCString } from "./_text.ts";
import type { RestBindParameters } from "./bind_value.ts";
import type { Database } from "./database.ts";

const { sqlite3_changes, sqlite3_reset, sqlite3_step } = sqlite;

/** Frees the statements that nothing refers to any more. */
const unreachable = new FinalizationRegistry<StatementHandle>((handle) =>
  handle.finalize()
);

/**
 * A compiled SQL statement, as {@linkcode Database.prepare} makes it.
 *
 * The methods that run it take the values of its parameters one by one, or all
 * in one array or object. What cannot be run throws a `SqliteError`, and leaves
 * the statement ready for its next run.
 */
export class Statement<TStatement extends object = Record<string, unknown>> {
  /** The database that the statement belongs to. */
  readonly db: Database;
  /** Takes the place of the database's own setting, if set. */
  int64?: boolean | undefined;
  /** Takes the place of the database's own setting, if set. */
  parseJson?: boolean | undefined;

  readonly #handle: StatementHandle;
  readonly #parameters: Parameters;
  readonly #rows: RowReader;
  #bound = false;
  /** Whether an iterator stands on one of the rows. */
  #iterating = false;
  /** Counts the runs, so that an iterator sees that another one came. */
  #runs = 0;

  /**
   * Compiles a statement.
   *
   * @param db The database to run it on.
   * @param sql The statement; what follows the first one is left out.
   * @throws {SqliteError} If it is not SQL that the database understands.
   */
  constructor(db: Database, sql: string) {
    this.db = db;
    this.#handle = Connection.of(db).prepare(sql);
    this.#parameters = new Parameters(this.#handle.pointer);
    this.#rows = new RowReader(this.#handle.pointer);
    this.#rows.refresh();
    unreachable.register(this, this.#handle, this.#handle);
  }

  /** The statement of the C library. */
  get unsafeHandle(): Deno.PointerValue {
    return this.#handle.pointer;
  }

  /** The text that the statement was compiled from. */
  get sql(): string {
    return readCString(sqlite.sqlite3_sql(this.#handle.pointer));
  }

  /** The text with the values of its parameters filled in. */
  get expandedSql(): string {
    const text = sqlite.sqlite3_expanded_sql(this.#handle.pointer);
    try {
      return readCString(text);
    } finally {
      sqlite.sqlite3_free(text);
    }
  }

  /** Whether running the statement leaves the database as it is. */
  get readonly(): boolean {
    return sqlite.sqlite3_stmt_readonly(this.#handle.pointer) !== 0;
  }

  /** How many parameters the statement has. */
  get bindParameterCount(): number {
    return this.#parameters.count;
  }

  /** Has integers beyond 32 bits read by this statement. */
  enableInt64(): this {
    this.int64 = true;
    return this;
  }

  /** Has integers beyond 32 bits refused by this statement. */
  disableInt64(): this {
    this.int64 = false;
    return this;
  }

  /** Goes back to what the database is set to. */
  defaultInt64(): this {
    this.int64 = undefined;
    return this;
  }

  /** Has this statement parse what SQLite's JSON functions return. */
  enableParseJson(): this {
    this.parseJson = true;
    return this;
  }

  /** Has this statement return texts where SQLite's JSON functions do. */
  disableParseJson(): this {
    this.parseJson = false;
    return this;
  }

  /** Goes back to what the database is set to. */
  defaultParseJson(): this {
    this.parseJson = undefined;
    return this;
  }

  /**
   * Finds the name of a parameter.
   *
   * @param i Its position, from 1.
   * @returns The name with its prefix, or an empty text if it has none.
   */
  bindParameterName(i: number): string {
    return this.#live().parameters.nameOf(i);
  }

  /**
   * Finds a parameter by its name.
   *
   * @param name The name, with its prefix or, where that is a colon, without.
   * @returns Its position, from 1, or 0 if there is none of that name.
   */
  bindParameterIndex(name: string): number {
    return this.#live().parameters.indexOf(name);
  }

  /** The names of the columns that a row has. */
  columnNames(): string[] {
    const { rows } = this.#live();
    rows.refresh();
    return [...rows.names];
  }

  /**
   * Gives the parameters their values for good: later runs take none.
   *
   * @param params The values.
   * @returns The statement.
   * @throws {Error} If this was done before.
   */
  bind(...params: RestBindParameters): this {
    this.#start(params, true);
    this.#bound = true;
    return this;
  }

  /**
   * Runs the statement and leaves the rows that it may have unread.
   *
   * @param params The values of its parameters.
   * @returns How many rows the last statement that changed any has changed.
   */
  run(...params: RestBindParameters): number {
    const statement = this.#start(params, false);
    try {
      this.#step(statement);
    } finally {
      this.#finish(statement);
    }
    return sqlite3_changes(this.#handle.db);
  }

  /**
   * Reads the first row as an object.
   *
   * @param params The values of the statement's parameters.
   * @returns The row, or undefined if there is none.
   */
  get<T extends object = TStatement>(
    ...params: RestBindParameters
  ): T | undefined {
    const statement = this.#start(params, false);
    try {
      return this.#stepToFirst(statement)
        ? this.#rows.readObject() as T
        : undefined;
    } finally {
      this.#finish(statement);
    }
  }

  /**
   * Reads the first row as an array.
   *
   * @param params The values of the statement's parameters.
   * @returns The row, or undefined if there is none.
   */
  value<T extends unknown[]>(...params: RestBindParameters): T | undefined {
    const statement = this.#start(params, false);
    try {
      return this.#stepToFirst(statement)
        ? this.#rows.readArray() as T
        : undefined;
    } finally {
      this.#finish(statement);
    }
  }

  /**
   * Reads every row as an object.
   *
   * @param params The values of the statement's parameters.
   * @returns The rows.
   */
  all<T extends object = TStatement>(...params: RestBindParameters): T[] {
    const rows: T[] = [];
    const statement = this.#start(params, false);
    try {
      let more = this.#stepToFirst(statement);
      while (more) {
        rows.push(this.#rows.readObject() as T);
        more = this.#step(statement);
      }
    } finally {
      this.#finish(statement);
    }
    return rows;
  }

  /**
   * Reads every row as an array.
   *
   * @param params The values of the statement's parameters.
   * @returns The rows.
   */
  values<T extends unknown[] = unknown[]>(...params: RestBindParameters): T[] {
    const rows: T[] = [];
    const statement = this.#start(params, false);
    try {
      let more = this.#stepToFirst(statement);
      while (more) {
        rows.push(this.#rows.readArray() as T);
        more = this.#step(statement);
      }
    } finally {
      this.#finish(statement);
    }
    return rows;
  }

  /**
   * Reads one row after the other, each as an object.
   *
   * A read transaction stays open until the last row, or until the iterator is
   * left as `for` … `of` does on `break`.
   *
   * @param params The values of the statement's parameters.
   * @returns An iterator over the rows.
   * @throws {SqliteError} On the next row, if the statement was run anew or
   * finalized in the meantime.
   */
  *iter(...params: RestBindParameters): IterableIterator<TStatement> {
    const statement = this.#start(params, true);
    const run = this.#runs;
    this.#iterating = true;
    try {
      let more = this.#stepToFirst(statement);
      while (more) {
        yield this.#rows.readObject() as TStatement;
        if (this.#runs !== run) {
          throw misuse(
            "the statement was run anew while its rows were being read: use " +
              "another statement, or read all rows first",
          );
        }
        more = this.#step(this.#handle.pointer);
      }
    } finally {
      if (this.#runs === run && !this.#handle.finalized) {
        this.#iterating = false;
        this.#finish(statement);
      }
    }
  }

  /** Frees the statement; a second call does nothing. */
  finalize(): void {
    unreachable.unregister(this.#handle);
    this.#handle.finalize();
  }

  /** The text with the values of its parameters filled in. */
  toString(): string {
    return this.expandedSql;
  }

  /** Iterates over the rows of a statement without parameters. */
  [Symbol.iterator](): IterableIterator<TStatement> {
    return this.iter();
  }

  /** Frees the statement. */
  [Symbol.dispose](): void {
    this.finalize();
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.#handle.finalized
      ? "Statement { finalized }"
      : `Statement { ${this.expandedSql} }`;
  }

  /** The parts that may be used only while the statement is not finalized. */
  #live(): { parameters: Parameters; rows: RowReader } {
    this.#handle.pointer;
    return { parameters: this.#parameters, rows: this.#rows };
  }

  /** Makes the statement ready for its first step. */
  #start(params: readonly unknown[], keep: boolean): Deno.PointerValue {
    const statement = this.#handle.pointer;
    if (this.#iterating) {
      this.#iterating = false;
      sqlite3_reset(statement);
    }
    this.#runs++;
    if (this.#bound) {
      if (params.length > 0) {
        throw new Error("Statement already bound to values");
      }
    } else if (params.length > 0 || this.#parameters.count > 0) {
      this.#parameters.bind(params, keep);
    }
    this.#rows.int64 = this.int64 ?? this.db.int64;
    this.#rows.parseJson = this.parseJson ?? this.db.parseJson;
    return statement;
  }

  /** Goes to the next row, and tells whether there is one. */
  #step(statement: Deno.PointerValue): boolean {
    const code = sqlite3_step(statement);
    if (code === SQLITE_ROW) return true;
    if (code === SQLITE_DONE) return false;
    throw databaseError(this.#handle.db);
  }

  /** Goes to the first row, and tells whether there is one. */
  #stepToFirst(statement: Deno.PointerValue): boolean {
    if (!this.#step(statement)) return false;
    // It is the first step that compiles a statement anew if it has to.
    this.#rows.refresh();
    return true;
  }

  /**
   * Ends a run, whatever came of it.
   *
   * Ending one before its last row may be what commits it, so this can fail; if
   * a step has failed already, it fails in the same way.
   */
  #finish(statement: Deno.PointerValue): void {
    const code = sqlite3_reset(statement);
    if (code !== SQLITE_OK) {
      const error = databaseError(this.#handle.db);
      this.#parameters.release();
      throw error;
    }
    this.#parameters.release();
  }
}
