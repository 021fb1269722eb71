// Times of several things, taken in turn, so that what else the machine does
// meanwhile hits all of them.
import { median } from "./_load.ts";

/** Does something once or more, and tells how many milliseconds each took. */
export type Subject = () => Promise<readonly number[]>;

/** Tells how many milliseconds something took, and what came of it. */
export async function timed<T>(
  run: () => Promise<T>,
): Promise<{ readonly ms: number; readonly value: T }> {
  const startedMs = performance.now();
  const value = await run();
  return { ms: performance.now() - startedMs, value };
}

/** Times all subjects in every round, each round in another order. */
export async function interleaved<Name extends string>(
  rounds: number,
  subjects: Readonly<Record<Name, Subject>>,
): Promise<Record<Name, readonly number[]>> {
  const names = Object.keys(subjects) as Name[];
  const times = Object.fromEntries(
    names.map((name) => [name, [] as number[]]),
  ) as Record<Name, number[]>;
  // The first round, which is not counted, is for what is done once.
  for (let round = 0; round <= rounds; round++) {
    for (let n = 0; n < names.length; n++) {
      const name = names[(round + n) % names.length]!;
      const taken = await subjects[name]();
      if (round > 0) times[name].push(...taken);
    }
  }
  return times;
}

/** The middle one and the slowest hundredth of some times, as a table has them. */
export function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1]!;
  return `p50 ${milliseconds(median(times))}, p99 ${milliseconds(p99)}`;
}

/** A time as it stands in the table. */
export function milliseconds(ms: number): string {
  return ms >= 10 ? `${ms.toFixed(0)} ms` : `${ms.toPrecision(2)} ms`;
}
