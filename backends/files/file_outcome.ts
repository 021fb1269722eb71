import type { BackendErrorCode } from "../backend_error.ts";
import { EXIT_NO_TOOL, EXIT_TOO_LARGE } from "./file_scripts.ts";
import type { RunStatus } from "../run_result.ts";

/** How much of what a program says goes into a message. */
const WORDS_MAX = 500;

/** How the system says that a file is not there; the scripts see to its language. */
const NOT_FOUND = "No such file or directory";

/** What moves a terminal's cursor, or turns the direction of its text. */
const CONTROLS =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g;

const decoder = new TextDecoder();

/** Why a script failed. */
export interface Failure {
  /** The error's code. */
  readonly code: BackendErrorCode;
  /** What was found. */
  readonly why: string;
}

/**
 * What a program in the sandbox says, as it may stand in a message: its end, since
 * it is a program that nobody vouches for, and on one line.
 */
function words(stderr: Uint8Array): string {
  const text = decoder.decode(stderr.subarray(-4 * WORDS_MAX))
    .replaceAll(CONTROLS, " ").trim();
  return text.length > WORDS_MAX ? `…${text.slice(-WORDS_MAX)}` : text;
}

/**
 * Tells why a script failed.
 *
 * @param status How it ended.
 * @param stderr What it wrote to standard error.
 * @param bound What it bounds itself, if anything.
 * @returns Why; undefined if it did not fail.
 */
export function failureOf(
  { outcome, exitCode, durationMs }: RunStatus,
  stderr: Uint8Array,
  bound?: string,
): Failure | undefined {
  switch (outcome) {
    case "exited":
      return exitCode === 0 ? undefined : exited(exitCode, stderr, bound);
    case "aborted":
      return { code: "file_failed", why: "it was ended from outside" };
    case "timeout":
      return {
        code: "timeout",
        why: `it was not done after ${Math.round(durationMs)} ms; give it a ` +
          "larger timeoutMs",
      };
    case "oom":
      return { code: "file_failed", why: "the sandbox's memory was full" };
    case "sandbox_gone":
      return { code: "sandbox_gone", why: "it is gone" };
  }
}

function exited(
  exitCode: number | null,
  stderr: Uint8Array,
  bound: string | undefined,
): Failure {
  const said = words(stderr);
  if (exitCode === EXIT_NO_TOOL) {
    return {
      code: "unsupported",
      why: `its image has no program "${said}", which this needs`,
    };
  }
  if (exitCode === 126 || exitCode === 127) {
    const why = said === "" ? "" : `: ${said}`;
    return {
      code: "unsupported",
      why: `its image has no program "sh" that runs, which this needs${why}`,
    };
  }
  if (exitCode === EXIT_TOO_LARGE && bound !== undefined) {
    return { code: "file_too_large", why: `there is more than ${bound}` };
  }
  const code = said.endsWith(NOT_FOUND) ? "file_not_found" : "file_failed";
  return { code, why: said === "" ? `exit code ${exitCode}` : said };
}
