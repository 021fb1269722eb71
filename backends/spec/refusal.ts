import { BackendError, type BackendErrorCode } from "../backend_error.ts";

const PREFIX = "Cannot launch: ";

/**
 * The error of a spec that is not launched.
 *
 * @param problem What was found, what is allowed and what to do.
 * @param code Why it is refused.
 */
export function refusal(
  problem: string,
  code: BackendErrorCode = "spec_refused",
): BackendError {
  return new BackendError(code, PREFIX + problem);
}

/** What was found, for a message about something else than a launch. */
export function problemOf({ message }: BackendError): string {
  return message.startsWith(PREFIX) ? message.slice(PREFIX.length) : message;
}

/**
 * Checks what the operator wrote with the rules for what a caller of `launch`
 * wrote: there, what is wrong is misuse of an option, and no refusal.
 *
 * @param option What is checked, as the message names it.
 * @param check The check.
 * @throws {TypeError} In place of a BackendError, which is its cause.
 */
export function asMisuse<T>(option: string, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof BackendError)) throw cause;
    throw new TypeError(`${option}: ${problemOf(cause)}`, { cause });
  }
}
