// What a step of the gate counts as, from its exit code and what it printed.

import { stripVTControlCharacters } from "node:util";

/** How many checks passed, failed and were skipped. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

// The last line of a test run, "ok | 3 passed (2 steps) | 0 failed | 1 ignored".
const SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed(?: \(\d+ steps?\))?(?: \| \d+ flaky)?(?: \| (\d+) ignored)?/gm;

/** How much of a run's output is kept to find its summary in. */
const TAIL_CHARS_MAX = 64 * 1024;

/** What a check exits with that cannot be made here. */
export const SKIPPED = 77;

/** A check that may not be possible: where it is not, it says so by its code. */
export function tallySkippable(code: number): Tally {
  return code === SKIPPED
    ? { passed: 0, failed: 0, skipped: 1 }
    : tallyCheck(code);
}

/** A step that is one check: it holds when the command succeeds. */
export function tallyCheck(code: number): Tally {
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** The end of an output of which there is more now: all that counting takes. */
export function keepTail(tail: string, more: string): string {
  return (tail + more).slice(-TAIL_CHARS_MAX);
}

/**
 * A run of `deno test`, counted by its own summary. Tests may print summaries
 * of runs that they start, so the last one counts. A run that fails without a
 * failed test (it did not compile, say), that says nothing or that runs no test
 * is a failure of its own.
 */
export function tallyTests(code: number, output: string): Tally {
  const tally = tallyPart(code, output);
  const isEmpty = tally.passed === 0 && tally.failed === 0;
  return isEmpty ? { ...tally, failed: 1 } : tally;
}

/** Like {@linkcode tallyTests}, of a part of a run, in which no test may be due. */
export function tallyPart(code: number, output: string): Tally {
  const last = [...stripVTControlCharacters(output).matchAll(SUMMARY)].at(-1);
  const [passed, failed, skipped] = [last?.[1], last?.[2], last?.[3]]
    .map((digits) => Number(digits ?? 0)) as [number, number, number];
  const unaccounted = failed === 0 && (code !== 0 || last === undefined);
  return { passed, failed: failed + (unaccounted ? 1 : 0), skipped };
}

/** A tally as the last line of a run of `deno test`, which can be counted again. */
export function summarize(
  { passed, failed, skipped }: Tally,
  durationMs: number,
): string {
  const seconds = Math.round(durationMs / 1000);
  const minutes = Math.floor(seconds / 60);
  const ignored = skipped === 0 ? "" : ` | ${skipped} ignored`;
  const time = `${minutes === 0 ? "" : `${minutes}m`}${seconds % 60}s`;
  const word = failed === 0 ? "ok" : "FAILED";
  return `${word} | ${passed} passed | ${failed} failed${ignored} (${time})`;
}

/** The sum of tallies. */
export function addTallies(tallies: readonly Tally[]): Tally {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of tallies) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}

/** A tally in words: `12 passed, 0 failed`, and what was skipped, if anything. */
export function describeTally({ passed, failed, skipped }: Tally): string {
  const ending = skipped === 0 ? "" : `, ${skipped} skipped`;
  return `${passed} passed, ${failed} failed${ending}`;
}
