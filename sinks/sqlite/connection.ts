// What the sink asks of a SQLite driver, so that one writer and one reader serve
// both. A driver's own types go no further than its adapter.

/** A value that SQLite stores. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** A compiled statement. */
export interface SqlStatement {
  /** Runs it to the end, returning nothing. */
  run(...params: SqlValue[]): void;
  /** Every row, as an array of columns. */
  rows(...params: SqlValue[]): SqlValue[][];
}

/** An open connection. */
export interface SqlConnection {
  /** Runs statements that take no parameters and return nothing. */
  exec(sql: string): void;
  /** Compiles a statement, which lives until the connection is closed. */
  prepare(sql: string): SqlStatement;
  /** Copies the database, as it is at one moment, into a new file. */
  copyTo(path: string): Promise<void>;
  /** Whether a transaction is open. */
  readonly inTransaction: boolean;
  /** Closes the connection and its statements. */
  close(): void;
}

/** How a connection is opened. */
export interface SqlOpenOptions {
  /** Whether it may only read. */
  readonly readOnly: boolean;
}

/** Which SQLite runs. */
export type SqliteDriverName = "ffi" | "builtin";

/** A loaded SQLite. */
export interface SqliteDriver {
  /** Which one. */
  readonly name: SqliteDriverName;
  /** SQLite's own version, such as `3.53.2`. */
  readonly version: string;
  /** Opens a connection. */
  open(path: string, options: SqlOpenOptions): SqlConnection;
}

/** A path that SQLite keeps in memory, for one connection alone. */
export const IN_MEMORY = ":memory:";
