import { SQLITE_RANGE } from "./_constants.ts";
import { codeError } from "./_failure.ts";
import { sqlite } from "./_library.ts";
import { readCString, toCString } from "./_text.ts";
import { ValueBinder } from "./_value_binder.ts";

/** The parameters of one statement, by position and by name. */
export class Parameters {
  /** How many there are. */
  readonly count: number;
  readonly #statement: Deno.PointerValue;
  readonly #binder: ValueBinder;

  constructor(statement: Deno.PointerValue) {
    this.#statement = statement;
    this.#binder = new ValueBinder(statement);
    this.count = sqlite.sqlite3_bind_parameter_count(statement);
  }

  /**
   * Binds all parameters; those that no value is given for become NULL.
   *
   * @param values The values as a caller passed them: one by one, or as one
   * array or object.
   * @param keep Whether the values are used after the call they came with.
   */
  bind(values: readonly unknown[], keep: boolean): void {
    try {
      const set = parameterSet(values);
      if (Array.isArray(set)) this.#bindPositions(set, keep);
      else this.#bindNames(set as Record<string, unknown>, keep);
    } catch (error) {
      this.#binder.clear();
      throw error;
    }
  }

  /** Gives back to the caller what was lent to SQLite for one run. */
  release(): void {
    if (this.#binder.lends) this.#binder.clear();
  }

  /** The position of a name, with or without its prefix; 0 if unknown. */
  indexOf(name: string): number {
    const prefixed = /^[:@$]/.test(name) ? name : `:${name}`;
    return sqlite.sqlite3_bind_parameter_index(
      this.#statement,
      toCString(prefixed, "a parameter's name"),
    );
  }

  /** The name at a position, prefix included; empty if it has none. */
  nameOf(index: number): string {
    return readCString(
      sqlite.sqlite3_bind_parameter_name(this.#statement, index),
    );
  }

  #bindPositions(values: readonly unknown[], keep: boolean): void {
    if (values.length > this.count) throw codeError(SQLITE_RANGE);
    if (values.length < this.count) this.#binder.clear();
    for (let i = 0; i < values.length; i++) {
      this.#binder.bind(i + 1, values[i], keep);
    }
  }

  #bindNames(values: Record<string, unknown>, keep: boolean): void {
    this.#binder.clear();
    for (const name of Object.keys(values)) {
      const index = this.indexOf(name);
      if (index === 0) throw new Error(`No such parameter "${name}"`);
      this.#binder.bind(index, values[name], keep);
    }
  }
}

/** The array or object that holds all values, be it the list of them itself. */
function parameterSet(values: readonly unknown[]): object {
  const first = values[0];
  if (
    typeof first !== "object" || first === null ||
    first instanceof Uint8Array || first instanceof Date
  ) {
    return values;
  }
  if (ArrayBuffer.isView(first) || first instanceof ArrayBuffer) return values;
  if (values.length > 1) {
    throw new TypeError(
      "Cannot bind more values after an array or object of values: give all " +
        "of them in it, or an object to store as JSON.stringify(object)",
    );
  }
  return first;
}
