import {
  JSON_SUBTYPE,
  SQLITE_BLOB,
  SQLITE_FLOAT,
  SQLITE_INTEGER,
  SQLITE_NOMEM,
  SQLITE_STMTSTATUS_REPREPARE,
  SQLITE_TEXT,
} from "./_constants.ts";
import { codeError } from "./_failure.ts";
import { sqlite } from "./_library.ts";
import { readCString } from "./_text.ts";

const {
  sqlite3_column_blob,
  sqlite3_column_bytes,
  sqlite3_column_double,
  sqlite3_column_int64,
  sqlite3_column_text,
  sqlite3_column_type,
  sqlite3_column_value,
  sqlite3_value_subtype,
} = sqlite;
const { copyInto, getCString } = Deno.UnsafePointerView;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What a row is read as. */
export type RowShape = "array" | "object";

/** Reads the rows that a statement stands on. */
export class RowReader {
  /** Whether integers beyond 32 bits are read; if not, they are refused. */
  int64 = false;
  /** Whether what SQLite's JSON functions return is parsed. */
  parseJson = true;

  readonly #statement: Deno.PointerValue;
  #names: string[] = [];
  #recompiled = -1;

  constructor(statement: Deno.PointerValue) {
    this.#statement = statement;
  }

  /** The names of the columns. */
  get names(): readonly string[] {
    return this.#names;
  }

  /**
   * Learns the columns anew if SQLite compiled the statement anew, as it does by
   * itself when a table has changed.
   */
  refresh(): void {
    const recompiled = sqlite.sqlite3_stmt_status(
      this.#statement,
      SQLITE_STMTSTATUS_REPREPARE,
      0,
    );
    if (recompiled === this.#recompiled) return;
    this.#recompiled = recompiled;
    const count = sqlite.sqlite3_column_count(this.#statement);
    this.#names = [];
    for (let i = 0; i < count; i++) {
      this.#names.push(
        readCString(sqlite.sqlite3_column_name(this.#statement, i)),
      );
    }
  }

  /** The row that the statement stands on. */
  read(shape: RowShape): unknown {
    return shape === "array" ? this.#readArray() : this.#readObject();
  }

  #readArray(): unknown[] {
    const count = this.#names.length;
    const row = new Array<unknown>(count);
    for (let i = 0; i < count; i++) row[i] = this.#readValue(i);
    return row;
  }

  /** The row as an object, in which the last of equal names wins. */
  #readObject(): Record<string, unknown> {
    const names = this.#names;
    const row: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const value = this.#readValue(i);
      if (name === "__proto__") {
        // Assigning to this name would change the object instead.
        Object.defineProperty(row, name, {
          value,
          configurable: true,
          enumerable: true,
          writable: true,
        });
      } else {
        row[name] = value;
      }
    }
    return row;
  }

  #readValue(i: number): unknown {
    switch (sqlite3_column_type(this.#statement, i)) {
      case SQLITE_TEXT: {
        const text = this.#readText(i);
        return this.parseJson ? this.#parseJson(i, text) : text;
      }
      case SQLITE_INTEGER:
        return this.#readInteger(i);
      case SQLITE_BLOB:
        return this.#readBlob(i);
      case SQLITE_FLOAT:
        return sqlite3_column_double(this.#statement, i);
      default:
        return null;
    }
  }

  #readText(i: number): string {
    const pointer = sqlite3_column_text(this.#statement, i);
    // Only memory that could not be had leaves a text without a pointer.
    if (pointer === null) throw codeError(SQLITE_NOMEM);
    const length = sqlite3_column_bytes(this.#statement, i);
    const text = getCString(pointer);
    // As many characters as bytes: all of it is ASCII, and no NUL cut it.
    if (text.length === length) return text;
    const bytes = new Uint8Array(length);
    copyInto(pointer, bytes);
    return decoder.decode(bytes);
  }

  #parseJson(i: number, text: string): unknown {
    const value = sqlite3_column_value(this.#statement, i);
    if (sqlite3_value_subtype(value) !== JSON_SUBTYPE) return text;
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }

  #readInteger(i: number): number | bigint {
    // As a double, an integer of up to 53 bits is exact and needs no bigint.
    const number = sqlite3_column_double(this.#statement, i);
    if ((number | 0) === number) return number;
    if (!this.int64) {
      throw new RangeError(
        `Cannot read the integer ${number} of column "${this.#names[i]}": it ` +
          "has more than 32 bits; open the database with int64: true",
      );
    }
    return Number.isSafeInteger(number)
      ? number
      : sqlite3_column_int64(this.#statement, i);
  }

  #readBlob(i: number): Uint8Array<ArrayBuffer> {
    // The pointer first: asking for the length may not move the bytes, while
    // asking for the pointer may.
    const pointer = sqlite3_column_blob(this.#statement, i);
    const bytes = new Uint8Array(sqlite3_column_bytes(this.#statement, i));
    // An empty blob has no pointer. SQLite's memory is valid until the next
    // step only, so the bytes are copied.
    if (pointer !== null) copyInto(pointer, bytes);
    return bytes;
  }
}
