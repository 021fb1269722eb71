import { AssertionError } from "./assertion_error.ts";
import { format } from "./_format.ts";

/**
 * Asserts that one value is greater than another.
 *
 * @param actual The value to test.
 * @param expected What it must be greater than.
 * @param msg The whole message of the error.
 * @throws {AssertionError} If `actual > expected` does not hold.
 */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) refuse(actual, ">", expected, msg);
}

/**
 * Asserts that one value is greater than another or equal to it.
 *
 * @param actual The value to test.
 * @param expected The least value allowed.
 * @param msg The whole message of the error.
 * @throws {AssertionError} If `actual >= expected` does not hold.
 */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual >= expected)) refuse(actual, ">=", expected, msg);
}

/**
 * Asserts that one value is less than another.
 *
 * @param actual The value to test.
 * @param expected What it must be less than.
 * @param msg The whole message of the error.
 * @throws {AssertionError} If `actual < expected` does not hold.
 */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) refuse(actual, "<", expected, msg);
}

/**
 * Asserts that one value is less than another or equal to it.
 *
 * @param actual The value to test.
 * @param expected The greatest value allowed.
 * @param msg The whole message of the error.
 * @throws {AssertionError} If `actual <= expected` does not hold.
 */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual <= expected)) refuse(actual, "<=", expected, msg);
}

function refuse(
  actual: unknown,
  sign: string,
  expected: unknown,
  msg: string | undefined,
): never {
  throw new AssertionError(
    msg ?? `Expect ${format(actual)} ${sign} ${format(expected)}`,
  );
}
