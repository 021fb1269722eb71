import { SQLITE_DONE, SQLITE_OK, SQLITE_ROW } from "./_constants.ts";
import { databaseError, misuse } from "./_failure.ts";
import { sqlite } from "./_library.ts";
import { Parameters } from "./_parameters.ts";
import { RowReader, type RowShape } from "./_row_reader.ts";
import type { StatementHandle } from "./_statement_handle.ts";

const { sqlite3_changes, sqlite3_reset, sqlite3_step } = sqlite;

/**
 * Runs one statement: binds, steps, reads and resets.
 *
 * However a run ends, the statement is reset, so that it holds no lock and the
 * next run starts from a clean state.
 */
export class Runner {
  /** The statement's parameters. */
  readonly parameters: Parameters;
  /** The statement's rows. */
  readonly rows: RowReader;

  readonly #handle: StatementHandle;
  #bound = false;
  /** Whether an iterator stands on one of the rows. */
  #iterating = false;
  /** Counts the runs, so that an iterator sees that another one came. */
  #runs = 0;

  constructor(handle: StatementHandle) {
    this.#handle = handle;
    this.parameters = new Parameters(handle.pointer);
    this.rows = new RowReader(handle.pointer);
  }

  /** Gives the parameters their values for good. */
  bind(values: readonly unknown[]): void {
    this.#start(values, true);
    this.#bound = true;
  }

  /** Runs up to the first row, and returns the number of changed rows. */
  run(values: readonly unknown[]): number {
    const statement = this.#start(values, false);
    try {
      this.#step(statement);
    } finally {
      this.#finish(statement);
    }
    return sqlite3_changes(this.#handle.db);
  }

  /** Reads the first row, if there is one. */
  first(values: readonly unknown[], shape: RowShape): unknown {
    const statement = this.#start(values, false);
    try {
      return this.#stepToFirst(statement) ? this.rows.read(shape) : undefined;
    } finally {
      this.#finish(statement);
    }
  }

  /** Reads every row. */
  all(values: readonly unknown[], shape: RowShape): unknown[] {
    const rows: unknown[] = [];
    const statement = this.#start(values, false);
    try {
      let more = this.#stepToFirst(statement);
      while (more) {
        rows.push(this.rows.read(shape));
        more = this.#step(statement);
      }
    } finally {
      this.#finish(statement);
    }
    return rows;
  }

  /** Reads one row after the other, for as long as no other run comes. */
  *iterate(values: readonly unknown[], shape: RowShape): Generator<unknown> {
    const statement = this.#start(values, true);
    const run = this.#runs;
    this.#iterating = true;
    try {
      let more = this.#stepToFirst(statement);
      while (more) {
        yield this.rows.read(shape);
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

  /** Makes the statement ready for its first step. */
  #start(values: readonly unknown[], keep: boolean): Deno.PointerValue {
    const statement = this.#handle.pointer;
    if (this.#iterating) {
      this.#iterating = false;
      sqlite3_reset(statement);
    }
    this.#runs++;
    if (this.#bound) {
      if (values.length > 0) {
        throw new Error("Statement already bound to values");
      }
    } else if (values.length > 0 || this.parameters.count > 0) {
      this.parameters.bind(values, keep);
    }
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
    this.rows.refresh();
    return true;
  }

  /**
   * Ends a run, whatever came of it.
   *
   * Ending one before its last row may be what commits it, so this can fail. If
   * a step has failed already, it fails in the same way.
   */
  #finish(statement: Deno.PointerValue): void {
    const code = sqlite3_reset(statement);
    const error = code === SQLITE_OK
      ? undefined
      : databaseError(this.#handle.db);
    this.parameters.release();
    if (error !== undefined) throw error;
  }
}
