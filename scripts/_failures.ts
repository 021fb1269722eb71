// What failed in a run, in short: where a log is cut, its end is what is left.

import { stripVTControlCharacters } from "node:util";

/** How much of a failed test's error is told again. */
const LINES_MAX = 12;
const CHARS_MAX = 800;

/** How much of another failure's output is. */
const ENDING_CHARS_MAX = 3000;

/** The beginning of an error, and where in a test it was, if that is cut off. */
function shorten(error: string): string {
  const lines = error.split("\n").slice(0, LINES_MAX);
  const start = lines.join("\n").slice(0, CHARS_MAX);
  if (start.length === error.length) return error;
  const where = error.slice(start.length).match(/^ +at .*_test\.ts.*$/gm) ?? [];
  return [start, "[…]", ...where.slice(0, 2)].join("\n");
}

/** The last lines of what a program printed, and a sign if there are others. */
export function ending(output: string): string {
  const text = stripVTControlCharacters(output).trim();
  if (text.length <= ENDING_CHARS_MAX) return text;
  const end = text.slice(-ENDING_CHARS_MAX);
  return `[…]\n${end.slice(end.indexOf("\n") + 1)}`;
}

/**
 * The failed tests of a run of `deno test`, each with the beginning of its error.
 *
 * @param output What the run has printed, or the end of it.
 * @returns Nothing where no test is named: it all passed, or did not get that far.
 */
export function failedTests(output: string): string[] {
  const text = stripVTControlCharacters(output);
  // Tests may print the same of runs that they start: the last one counts.
  const namesAt = text.lastIndexOf("\n FAILURES \n\n");
  if (namesAt < 0) return [];
  const [, , ...rest] = text.slice(namesAt + 1).split("\n");
  const names = rest.slice(0, rest.indexOf(""));
  const errors = `\n${text.slice(0, namesAt)}`;
  let end = errors.length;
  // From behind: an error's text may name another test.
  return names.toReversed().map((name) => {
    const at = errors.lastIndexOf(`\n\n${name}\n`, end);
    if (at < 0) return name;
    const error = errors.slice(at, end).trim();
    end = at;
    return shorten(error);
  }).toReversed();
}
