// SQLite's result codes as the sink's own. https://sqlite.org/rescode.html
import { SinkError, type SinkErrorCode } from "../sink_error.ts";
import type { ThreadFailure } from "./messages.ts";

const ADVICE: Readonly<Record<number, readonly [SinkErrorCode, string]>> = {
  5: [
    "locked",
    "another connection held the lock for the whole busyTimeoutMs; try again",
  ],
  6: [
    "locked",
    "another connection of this process holds a conflicting lock; try again",
  ],
  8: [
    "read_only",
    "the file or its folder cannot be written to; allow writing, or open with readOnly",
  ],
  10: [
    "io",
    "reading or writing the file failed; look at the volume, then try again",
  ],
  11: ["io", "the file is damaged; restore a backup or use sqlite3's .recover"],
  13: ["disk_full", "the volume is full; free some space"],
  14: ["io", "the file cannot be opened; check its path and permissions"],
  26: ["not_a_log", "the file is not a SQLite database"],
};

/** SQLite's own words, for errors of @db/sqlite that carry no code. */
const WORDS: readonly (readonly [string, number])[] = [
  ["database is locked", 5],
  ["table is locked", 6],
  ["readonly database", 8],
  ["disk I/O error", 10],
  ["is malformed", 11],
  ["is full", 13],
  ["unable to open database", 14],
  ["constraint failed", 19],
  ["is not a database", 26],
];

/** What drivers throw, as far as it can be told. */
interface DriverError {
  readonly errcode?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
}

/** The primary result code behind a driver's error, if there is one. */
export function resultCode(error: unknown): number | undefined {
  const { errcode, code, message } = (error ?? {}) as DriverError;
  // node:sqlite has the extended code in errcode, @db/sqlite a number in code
  // where it has one.
  const found = typeof errcode === "number" ? errcode : code;
  if (typeof found === "number") return found & 0xff;
  return WORDS.find(([words]) => String(message).includes(words))?.[1];
}

/** For what Deno refuses before SQLite is asked, as node:sqlite has it. */
function permissionAdvice(
  error: unknown,
): readonly [SinkErrorCode, string] | undefined {
  if (!(error instanceof Deno.errors.NotCapable)) return undefined;
  const code = error.message.includes("write access") ? "read_only" : "io";
  return [code, "a permission is missing; grant it, or open with readOnly"];
}

/** An error as it can cross a thread. */
export function toFailure(error: unknown): ThreadFailure {
  const found = error instanceof Error ? error.message : String(error);
  if (error instanceof SinkError) return { code: error.code, message: found };
  const [code, advice] = ADVICE[resultCode(error) ?? -1] ??
    permissionAdvice(error) ?? ["io", "SQLite refused"];
  return {
    code,
    message: `${advice} (${found})`,
    cause: causeOf(error, found),
  };
}

function causeOf(
  error: unknown,
  message: string,
): NonNullable<ThreadFailure["cause"]> {
  const name = error instanceof Error ? error.name : "Error";
  const { errcode, code } = (error ?? {}) as DriverError;
  const found = errcode ?? code;
  return typeof found === "number" || typeof found === "string"
    ? { name, message, code: found }
    : { name, message };
}

/** The error that the caller of a sink sees. */
export function fromFailure(what: string, failure: ThreadFailure): SinkError {
  const { code, cause } = failure;
  return new SinkError(
    code,
    `Cannot ${what}: ${failure.message}`,
    // A structured clone of an error would have lost its code.
    cause && { cause: Object.assign(new Error(cause.message), cause) },
  );
}
