import { AssertionError } from "./assertion_error.ts";
import { suffix } from "./_format.ts";

/**
 * Asserts that a value is an `Error`, of a class and with a message if given.
 *
 * @param error The value to test.
 * @param ErrorClass The class that it must be an instance of.
 * @param msgMatches A text that its message must contain, or an expression
 * that it must match.
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} If any of this does not hold.
 */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: abstract new (...args: never[]) => E,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw new AssertionError(
      `Expected "error" to be an Error object${suffix(msg)}`,
    );
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was ` +
        `"${error.constructor?.name}"${suffix(msg)}`,
    );
  }
  if (!msgMatches) return;
  const text = withoutColors(error.message);
  const matches = typeof msgMatches === "string"
    ? text.includes(withoutColors(msgMatches))
    : msgMatches.test(text);
  if (matches) return;
  const wanted = typeof msgMatches === "string"
    ? JSON.stringify(msgMatches)
    : String(msgMatches);
  throw new AssertionError(
    `Expected error message to include ${wanted}, but got ` +
      `${JSON.stringify(error.message)}${suffix(msg)}`,
  );
}

/**
 * Asserts that a function throws.
 *
 * @param fn The function to call.
 * @param msg A text to add to the error's message.
 * @returns What was thrown.
 * @throws {AssertionError} If the function returns.
 */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Asserts that a function throws an error of a class.
 *
 * @param fn The function to call.
 * @param ErrorClass The class that the error must be an instance of.
 * @param msgIncludes A text that the error's message must contain.
 * @param msg A text to add to the error's message.
 * @returns The error that was thrown.
 * @throws {AssertionError} If the function returns or throws something else.
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: abstract new (...args: never[]) => E,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  classOrMsg?: (abstract new (...args: never[]) => E) | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const note = typeof classOrMsg === "string" ? classOrMsg : msg;
  try {
    fn();
  } catch (error) {
    if (typeof classOrMsg === "function") {
      checkThrown(error, "thrown", classOrMsg, msgIncludes, note);
    }
    return error;
  }
  throw new AssertionError(`Expected function to throw${suffix(note)}`);
}

/**
 * Asserts that the promise that a function returns rejects.
 *
 * @param fn The function to call.
 * @param msg A text to add to the error's message.
 * @returns What the promise rejected with.
 * @throws {AssertionError} If it resolves, or if the function itself throws.
 */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/**
 * Asserts that the promise that a function returns rejects with an error of a
 * class.
 *
 * @param fn The function to call.
 * @param ErrorClass The class that the error must be an instance of.
 * @param msgIncludes A text that the error's message must contain.
 * @param msg A text to add to the error's message.
 * @returns The error that the promise rejected with.
 * @throws {AssertionError} If it resolves, if it rejects with something else,
 * or if the function itself throws.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: abstract new (...args: never[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: (abstract new (...args: never[]) => E) | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const note = typeof classOrMsg === "string" ? classOrMsg : msg;
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
  } catch {
    // A function that throws is told apart from one whose promise rejects.
  }
  if (typeof promise?.then !== "function") {
    throw new AssertionError(
      `Function throws when expected to reject${suffix(note)}`,
    );
  }
  try {
    await promise;
  } catch (error) {
    if (typeof classOrMsg === "function") {
      checkThrown(error, "rejected", classOrMsg, msgIncludes, note);
    }
    return error;
  }
  throw new AssertionError(`Expected function to reject${suffix(note)}`);
}

function checkThrown<E extends Error>(
  error: unknown,
  how: "thrown" | "rejected",
  ErrorClass: abstract new (...args: never[]) => E,
  msgIncludes: string | undefined,
  note: string | undefined,
): void {
  if (!(error instanceof Error)) {
    throw new AssertionError(`A non-Error object was ${how}${suffix(note)}`);
  }
  assertIsError(error, ErrorClass, msgIncludes, note);
}

function withoutColors(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\x1b\[[0-9;]*m/g, "");
}
