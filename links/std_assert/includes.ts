import { AssertionError } from "./assertion_error.ts";
import { equal } from "./equal.ts";
import { format, suffix } from "./_format.ts";

/** An array or another object with a length and indexed elements. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/**
 * Asserts that a text matches a regular expression.
 *
 * @param actual The text to test.
 * @param expected The expression.
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} If the text does not match.
 */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`,
  );
}

/**
 * Asserts that a text contains another.
 *
 * @param actual The text to test.
 * @param expected The text that it must contain.
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} If it does not contain it.
 */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`,
  );
}

/**
 * Asserts that every element of one array is found, deeply equal, in another.
 *
 * @param actual The array to search.
 * @param expected The elements that must be found, in any order.
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} If an element is missing.
 */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const present = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) =>
    !present.some((item) => equal(wanted, item))
  );
  if (missing.length === 0) return;
  throw new AssertionError(
    `Expected actual: "${format(actual)}" to include: "${format(expected)}"` +
      `${suffix(msg)}\nmissing: ${format(missing)}`,
  );
}
