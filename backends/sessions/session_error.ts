import { BackendError } from "../backend_error.ts";
import type { ChannelEnd } from "./line_channel.ts";
import type { RunStatus } from "../run_result.ts";

/**
 * The error of a session whose server has ended by itself, or with its sandbox.
 *
 * @param id The session's id.
 * @param end What is known.
 */
export function serverEnded(
  id: string,
  { status, stderr, cause }: ChannelEnd,
): BackendError {
  const isGone = status?.outcome === "sandbox_gone" ||
    status?.cleanup === "sandbox_killed";
  const tail = stderr === "" ? "" : `. Its standard error ends with: ${stderr}`;
  return new BackendError(
    isGone ? "sandbox_gone" : "closed",
    `The server of session ${id} ${howEnded(status)}${tail}`,
    cause === undefined ? {} : { cause },
  );
}

function howEnded(status: RunStatus | undefined): string {
  switch (status?.outcome) {
    case undefined:
      return "can no longer be talked to, though it has not ended";
    case "exited":
      return `ended with exit code ${status.exitCode}` +
        (status.signal === null ? "" : ` (${status.signal})`);
    case "timeout":
      return "was ended, since its time was up";
    case "aborted":
      return "was ended from outside";
    case "oom":
      return "was killed, since the sandbox's memory was full";
    case "sandbox_gone":
      return "is gone with its sandbox";
  }
}

/**
 * The error of whoever uses a session that is closed.
 *
 * @param id The session's id.
 * @param fault Why it closed, if nobody closed it.
 */
export function sessionClosed(id: string, fault?: BackendError): BackendError {
  const reason = fault === undefined
    ? "it was closed"
    : `it closed after a fault. ${fault.message}`;
  return new BackendError(
    "closed",
    `Cannot use session ${id}: ${reason}. Open a new one`,
    fault === undefined ? {} : { cause: fault },
  );
}
