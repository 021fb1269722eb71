// What goes wrong with a server, as the sink's own errors.
import { SinkError, type SinkErrorCode } from "../sink_error.ts";

/** How an error of the client or the server is to be taken. */
export type PgTrouble =
  /** The connection or the server is gone; what was under way may have happened. */
  | "lost"
  /** Nothing has happened, and it may go better at once. */
  | "again"
  /** An id is taken. */
  | "duplicate"
  /** It will not go better by itself. */
  | "final";

/** Codes of npm:postgres and of sockets. */
const LOST: ReadonlySet<string> = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EADDRNOTAVAIL",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "ETIMEDOUT",
  "ZU_NO_ANSWER",
  "ZU_STANDBY",
  // PostgreSQL is being shut down, has crashed, or is starting.
  "57P01",
  "57P02",
  "57P03",
  // Too many connections.
  "53300",
  // It cannot be written to: a standby answers where the primary did.
  "25006",
]);

/** Serialization failure, deadlock, lock not available. */
const AGAIN: ReadonlySet<string> = new Set(["40001", "40P01", "55P03"]);
const UNIQUE_VIOLATION = "23505";
const CONNECTION_EXCEPTION = "08";
const NO_TEXT = "22021";

/** A prepared statement is not there, or there twice: it is another connection's. */
const POOLED = [
  "io",
  "behind a pooler in transaction mode, open with prepare: false",
] as const;

const ADVICE: Readonly<Record<string, readonly [SinkErrorCode, string]>> = {
  "25006": ["read_only", "the server is a standby; connect to the primary"],
  "26000": POOLED,
  "28000": ["io", "see to the role's rights to log in"],
  "28P01": ["io", "see to the role's password"],
  "3D000": ["io", "make the database, or name another"],
  "3F000": [
    "not_a_log",
    "see to the schema's name, or open with a role that may make it",
  ],
  "42501": ["read_only", "grant the role what it lacks; see docs/postgres.md"],
  "42883": [
    "not_a_log",
    "the schema lacks a function; open it once with its owner",
  ],
  "42P05": POOLED,
  "42P01": [
    "not_a_log",
    "see to the schema's name, or open with a role that may make it",
  ],
  "53100": ["disk_full", "free some space on the server's volume"],
  ZU001: [
    "io",
    "set the role's default_transaction_isolation to 'read committed'",
  ],
  ZU002: [
    "not_durable",
    "give the server a synchronous standby, or ask for less",
  ],
  ZU_STANDBY: ["read_only", "connect to the primary"],
  "55P03": ["locked", "another append holds the trace; try again"],
};

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "";
}

/** How an error is to be taken. */
export function troubleOf(error: unknown): PgTrouble {
  const code = codeOf(error);
  if (LOST.has(code) || code.startsWith(CONNECTION_EXCEPTION)) return "lost";
  if (AGAIN.has(code)) return "again";
  return code === UNIQUE_VIOLATION ? "duplicate" : "final";
}

/** Whether a read has failed since a text that it had to convert is no UTF-8. */
export function isNoText(error: unknown): boolean {
  return error instanceof SinkError && codeOf(error.cause) === NO_TEXT;
}

/** The error that a caller gets: it keeps the first one as its cause. */
export function fromPg(error: unknown, what: string): Error {
  if (error instanceof SinkError) return error;
  const code = codeOf(error);
  if (code === "" && error instanceof Error) return error;
  const [own, advice] = ADVICE[code] ?? ["io", adviceFor(error)];
  const found = error instanceof Error ? error.message : String(error);
  return new SinkError(
    own,
    `Cannot ${what}: ${found} (${code}). Do this: ${advice}`,
    {
      cause: error,
    },
  );
}

function adviceFor(error: unknown): string {
  return troubleOf(error) === "lost"
    ? "see whether the server is up and can be reached, then try again"
    : "see the cause, and the server's log";
}

/** No answer came in time; the connection is given up. */
export function noAnswer(timeoutMs: number): Error {
  return withCode(
    "ZU_NO_ANSWER",
    `the server has not answered within ${timeoutMs} ms`,
  );
}

function withCode(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** No connection was made in time. */
export function connectTimeout(timeoutMs: number): Error {
  return withCode("CONNECT_TIMEOUT", `no connection within ${timeoutMs} ms`);
}

/** The connection is gone, and with it whatever was under way. */
export function connectionLost(): Error {
  return withCode("CONNECTION_CLOSED", "the connection is closed");
}

/** The server is none that a log is read from. */
export function isStandby(): Error {
  return withCode(
    "ZU_STANDBY",
    "the server is a standby, which cannot tell how far the log is settled",
  );
}
