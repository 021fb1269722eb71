import { Connection } from "./_connection.ts";
import { sqlite } from "./_library.ts";
import { Runner } from "./_runner.ts";
import type { StatementHandle } from "./_statement_handle.ts";
import { readCString } from "./_text.ts";
import type { RestBindParameters } from "./bind_value.ts";
import type { Database } from "./database.ts";

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
  readonly #runner: Runner;

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
    this.#runner = new Runner(this.#handle);
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
    return this.#runner.parameters.count;
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
    return this.#live.parameters.nameOf(i);
  }

  /**
   * Finds a parameter by its name.
   *
   * @param name The name, with its prefix or, where that is a colon, without.
   * @returns Its position, from 1, or 0 if there is none of that name.
   */
  bindParameterIndex(name: string): number {
    return this.#live.parameters.indexOf(name);
  }

  /** The names of the columns that a row has. */
  columnNames(): string[] {
    const { rows } = this.#live;
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
    this.#runner.bind(params);
    return this;
  }

  /**
   * Runs the statement and leaves the rows that it may have unread.
   *
   * @param params The values of its parameters.
   * @returns How many rows the last statement that changed any has changed.
   */
  run(...params: RestBindParameters): number {
    return this.#runner.run(params);
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
    return this.#reading.first(params, "object") as T | undefined;
  }

  /**
   * Reads the first row as an array.
   *
   * @param params The values of the statement's parameters.
   * @returns The row, or undefined if there is none.
   */
  value<T extends unknown[]>(...params: RestBindParameters): T | undefined {
    return this.#reading.first(params, "array") as T | undefined;
  }

  /**
   * Reads every row as an object.
   *
   * @param params The values of the statement's parameters.
   * @returns The rows.
   */
  all<T extends object = TStatement>(...params: RestBindParameters): T[] {
    return this.#reading.all(params, "object") as T[];
  }

  /**
   * Reads every row as an array.
   *
   * @param params The values of the statement's parameters.
   * @returns The rows.
   */
  values<T extends unknown[] = unknown[]>(...params: RestBindParameters): T[] {
    return this.#reading.all(params, "array") as T[];
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
    yield* this.#reading.iterate(params, "object") as Generator<TStatement>;
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

  /** The runner, if the statement is not finalized. */
  get #live(): Runner {
    // Reading the pointer is what checks that there is one.
    this.#handle.pointer;
    return this.#runner;
  }

  /** The runner, set to read values as is wanted now. */
  get #reading(): Runner {
    const { rows } = this.#runner;
    rows.int64 = this.int64 ?? this.db.int64;
    rows.parseJson = this.parseJson ?? this.db.parseJson;
    return this.#runner;
  }
}
