// How much is tried, and with which random numbers.
//
//   ZU_FUZZ=long           what takes minutes; unset: what takes seconds
//   ZU_FUZZ_SEED=<n>       repeats a run
//   ZU_REQUIRE_PYTHON=1    makes it a failure that there is no python3 to ask
import { Random } from "../conformance/event_sink/random.ts";

export { Random };

/** Whether the long form is asked for. */
export const IS_LONG: boolean = Deno.env.get("ZU_FUZZ") === "long";

/** The seed of this run; the short form is the same each time. */
export const SEED: number = readSeed();

function readSeed(): number {
  const text = Deno.env.get("ZU_FUZZ_SEED") ?? "";
  if (text === "") {
    return IS_LONG ? crypto.getRandomValues(new Uint32Array(1))[0]! : 1;
  }
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  throw new RangeError(
    `ZU_FUZZ_SEED is "${text}", and not a number of 32 bits`,
  );
}

/** One number in the short form, another in the long one. */
export function sized(short: number, long: number): number {
  return IS_LONG ? long : short;
}

/**
 * The seed of one test, which does not depend on which others run. Prints what
 * repeats it.
 */
export function seedOf(test: string): number {
  console.log(`${test}: ZU_FUZZ_SEED=${SEED}`);
  let mixed = SEED;
  for (const char of test) {
    mixed = Math.imul(mixed ^ char.codePointAt(0)!, 0x01000193);
  }
  return mixed;
}

/** The same for fast-check, which prints its own seed for what fails. */
export function runsOf(
  test: string,
  short: number,
  long: number,
): { numRuns: number; seed: number } {
  return { numRuns: sized(short, long), seed: seedOf(test) };
}

/** Prints a row of the table that docs/guarantees.md shows. */
export function reportRow(...cells: readonly (string | number)[]): void {
  const shown = cells.map((cell) =>
    typeof cell === "number" ? cell.toLocaleString("en-US") : cell
  );
  console.log(`| ${shown.join(" | ")} |`);
}

/** Counts things by name, for a row of the table. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** Counts one more. */
  add(name: string, count = 1): void {
    this.#counts.set(name, this.get(name) + count);
  }

  /** How many there were. */
  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** All of them, the most frequent first. */
  toString(): string {
    return [...this.#counts].sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count.toLocaleString("en-US")}`)
      .join(", ");
  }
}
