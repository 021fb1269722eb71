import { SQLITE_OK, SQLITE_TOOBIG } from "./_constants.ts";
import { codeError } from "./_failure.ts";
import { sqlite } from "./_library.ts";

// Bound once, so that each call in a loop is a plain call of a constant.
const {
  sqlite3_bind_blob,
  sqlite3_bind_double,
  sqlite3_bind_int,
  sqlite3_bind_int64,
  sqlite3_bind_null,
  sqlite3_bind_text,
  sqlite3_clear_bindings,
} = sqlite;

/** The longest value, in bytes, that is copied into a slot. */
const SLOT_BYTES_MAX = 65_536;
/** The longest text, in UTF-16 units, whose UTF-8 form surely fits in one. */
const SLOT_TEXT_MAX = Math.floor(SLOT_BYTES_MAX / 3);
/** The longest text that a loop copies sooner than `encodeInto` is called. */
const SHORT_TEXT_MAX = 64;
/** The longest value that an `int` of C can give the length of. */
const VALUE_BYTES_MAX = 0x7fff_ffff;

/** Tells SQLite that a value stays where it is until it is bound anew. */
const SQLITE_STATIC = null;
/** Tells SQLite to copy a value at once. */
const SQLITE_TRANSIENT = Deno.UnsafePointer.create(0xffff_ffff_ffff_ffffn);

const encoder = new TextEncoder();

/** Memory of one parameter, kept from run to run. */
interface Slot {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pointer: Deno.PointerValue;
}

/**
 * Gives values to single parameters of one statement.
 *
 * Texts and blobs of common size are copied into slots of memory that belong to
 * the statement, so that a loop of inserts allocates nothing and SQLite copies
 * nothing. Longer ones are lent to SQLite until {@linkcode clear}.
 */
export class ValueBinder {
  readonly #statement: Deno.PointerValue;
  readonly #slots: Slot[] = [];
  /** The long values that SQLite points to: while held here, they stay put. */
  readonly #lent: Uint8Array[] = [];

  constructor(statement: Deno.PointerValue) {
    this.#statement = statement;
  }

  /** Whether SQLite points to memory that is not the statement's own. */
  get lends(): boolean {
    return this.#lent.length > 0;
  }

  /** Makes every parameter NULL, and so gives back what was lent. */
  clear(): void {
    sqlite3_clear_bindings(this.#statement);
    this.#lent.length = 0;
  }

  /**
   * Binds one value.
   *
   * @param index The parameter's position, from 1.
   * @param value The value, of a type that is still to be checked.
   * @param keep Whether the value is used after the call that it came with, so
   * that it must not be lent.
   */
  bind(index: number, value: unknown, keep: boolean): void {
    const code = this.#bind(index, value, keep);
    if (code !== SQLITE_OK) throw codeError(code);
  }

  #bind(index: number, value: unknown, keep: boolean): number {
    switch (typeof value) {
      case "string":
        return this.#bindText(index, value, keep);
      case "number":
        return this.#bindNumber(index, value);
      case "bigint":
        return this.#bindBigInt(index, value);
      case "boolean":
        return sqlite3_bind_int(this.#statement, index, value ? 1 : 0);
      case "undefined":
        return sqlite3_bind_null(this.#statement, index);
      case "object":
        return this.#bindObject(index, value, keep);
      default:
        throw new TypeError(
          `Value of unsupported type: ${Deno.inspect(value)}`,
        );
    }
  }

  #bindNumber(index: number, value: number): number {
    if ((value | 0) === value) {
      // The FFI takes -0 for no integer.
      return sqlite3_bind_int(this.#statement, index, value | 0);
    }
    // Beyond 64 bits, an integral number has no place among the integers.
    if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) {
      return sqlite3_bind_int64(this.#statement, index, BigInt(value));
    }
    return sqlite3_bind_double(this.#statement, index, value);
  }

  #bindBigInt(index: number, value: bigint): number {
    if (BigInt.asIntN(64, value) !== value) {
      throw new RangeError(
        `Cannot bind ${value} to parameter ${index}: an integer of SQLite ` +
          "has 64 bits; bind it as a text",
      );
    }
    return sqlite3_bind_int64(this.#statement, index, value);
  }

  #bindObject(index: number, value: object | null, keep: boolean): number {
    if (value === null) return sqlite3_bind_null(this.#statement, index);
    if (value instanceof Uint8Array) return this.#bindBlob(index, value, keep);
    if (value instanceof Date) {
      return this.#bindText(index, value.toISOString(), keep);
    }
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      throw new TypeError(
        `Cannot bind ${value.constructor.name} to parameter ${index}: ` +
          "a blob is given as a Uint8Array",
      );
    }
    return this.#bindText(index, JSON.stringify(value) ?? "null", keep);
  }

  #bindText(index: number, text: string, keep: boolean): number {
    if (text.length > SLOT_TEXT_MAX) {
      const bytes = encoder.encode(text);
      return sqlite3_bind_text(
        this.#statement,
        index,
        this.#lend(bytes, keep),
        bytes.length,
        keep ? SQLITE_TRANSIENT : SQLITE_STATIC,
      );
    }
    const { bytes, pointer } = this.#slot(index, text.length * 3);
    const length = copyAscii(text, bytes) ??
      encoder.encodeInto(text, bytes).written;
    return sqlite3_bind_text(
      this.#statement,
      index,
      pointer,
      length,
      SQLITE_STATIC,
    );
  }

  #bindBlob(index: number, blob: Uint8Array, keep: boolean): number {
    if (blob.length > SLOT_BYTES_MAX) {
      return sqlite3_bind_blob(
        this.#statement,
        index,
        this.#lend(blob, keep),
        blob.length,
        keep ? SQLITE_TRANSIENT : SQLITE_STATIC,
      );
    }
    const { bytes, pointer } = this.#slot(index, blob.length);
    bytes.set(blob);
    return sqlite3_bind_blob(
      this.#statement,
      index,
      pointer,
      blob.length,
      SQLITE_STATIC,
    );
  }

  /** The slot of a parameter, with room for some bytes. */
  #slot(index: number, size: number): Slot {
    let slot = this.#slots[index];
    if (slot === undefined || slot.bytes.length < size) {
      // At least one byte, since the pointer to nothing is NULL to SQLite.
      const bytes = new Uint8Array(
        new ArrayBuffer(Math.max(64, 2 ** Math.ceil(Math.log2(size)))),
      );
      slot = { bytes, pointer: Deno.UnsafePointer.of(bytes) };
      this.#slots[index] = slot;
    }
    return slot;
  }

  /** A pointer to a long value, which stays put until the bindings are cleared. */
  #lend(value: Uint8Array, keep: boolean): Deno.PointerValue {
    if (value.length > VALUE_BYTES_MAX) throw codeError(SQLITE_TOOBIG);
    // Shared memory could change under SQLite's hands.
    const bytes = value.buffer instanceof ArrayBuffer
      ? value as Uint8Array<ArrayBuffer>
      : value.slice();
    if (!keep) this.#lent.push(bytes);
    return Deno.UnsafePointer.of(bytes);
  }
}

/** Copies a short text of ASCII characters, and tells how many, if it is one. */
function copyAscii(text: string, into: Uint8Array): number | undefined {
  const length = text.length;
  if (length > SHORT_TEXT_MAX) return undefined;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return undefined;
    into[i] = unit;
  }
  return length;
}
