// How much is tried, and with which random numbers.
//
//   ZU_CRASH=long          what takes minutes; unset: what takes seconds
//   ZU_CRASH_SEED=<n>      repeats a run: what is tried, and in which order. When
//                          exactly a signal arrives, and what comes first of two
//                          things at once, is up to the machine.

/** Whether the long form is asked for. */
export const IS_LONG: boolean = Deno.env.get("ZU_CRASH") === "long";

/** The seed of this run; the short form is the same each time. */
export const SEED: number = readSeed();

function readSeed(): number {
  const text = Deno.env.get("ZU_CRASH_SEED") ?? "";
  if (text === "") {
    // The same in every test file of one run, each of which loads this anew.
    return IS_LONG ? Math.imul(Deno.pid, 0x9e3779b1) >>> 0 : 1;
  }
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text);
  throw new RangeError(
    `ZU_CRASH_SEED is "${text}", and not a number of 32 bits`,
  );
}

/** One number in the short form, another in the long one. */
export function sized(short: number, long: number): number {
  return IS_LONG ? long : short;
}

/** Random numbers that a seed repeats. */
export class Random {
  #state: number;

  /** Begins a sequence; the same seed gives the same one. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /**
   * The sequence of one test, which does not depend on which others run. Prints
   * the seed.
   */
  static of(test: string): Random {
    console.log(`${test}: ZU_CRASH_SEED=${SEED}`);
    let mixed = SEED;
    for (const char of test) {
      mixed = Math.imul(mixed ^ char.codePointAt(0)!, 0x01000193);
    }
    return new Random(mixed);
  }

  /** A number from 0 to less than 1: mulberry32. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer between two, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  /** True with a probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of some things. */
  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }
}

/** Runs a test with a folder of its own, and removes it. */
export async function withFolder<Result>(
  test: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    return await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
