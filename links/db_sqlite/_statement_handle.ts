import { misuse } from "./_failure.ts";
import { sqlite } from "./_library.ts";

/** A compiled statement of SQLite, which is freed once and not used after. */
export class StatementHandle {
  /** The connection that compiled it, open for as long as it is usable. */
  readonly db: Deno.PointerValue;
  readonly #siblings: Set<StatementHandle>;
  #pointer: Deno.PointerValue;

  /**
   * Takes over a compiled statement.
   *
   * @param pointer What SQLite compiled.
   * @param db The connection that compiled it.
   * @param siblings Where the connection finds what to finalize when it closes.
   */
  constructor(
    pointer: Deno.PointerValue,
    db: Deno.PointerValue,
    siblings: Set<StatementHandle>,
  ) {
    this.#pointer = pointer;
    this.db = db;
    this.#siblings = siblings;
    siblings.add(this);
  }

  /** Whether it has been freed. */
  get finalized(): boolean {
    return this.#pointer === null;
  }

  /**
   * What the C functions take.
   *
   * @throws {SqliteError} If the statement is freed, since they would crash.
   */
  get pointer(): Deno.PointerValue {
    if (this.#pointer === null) {
      throw misuse(
        "the statement is finalized, by itself or with its database: prepare " +
          "it again",
      );
    }
    return this.#pointer;
  }

  /** Frees the statement, once. */
  finalize(): void {
    if (this.#pointer === null) return;
    this.#siblings.delete(this);
    // The code that comes back repeats the last run's error, which was thrown.
    sqlite.sqlite3_finalize(this.#pointer);
    this.#pointer = null;
  }
}
