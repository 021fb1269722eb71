import { AssertionError } from "./assertion_error.ts";
import { suffix } from "./_format.ts";

/**
 * Asserts that two numbers differ by no more than a tolerance.
 *
 * @param actual The number to test.
 * @param expected The number that it should be close to.
 * @param tolerance The greatest difference allowed; by default one hundred
 * thousandth of a percent of the expected number.
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} If the difference is greater.
 */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ??
    (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  const delta = Math.abs(expected - actual);
  if (delta <= allowed) return;
  throw new AssertionError(
    `Expected actual: "${show(actual)}" to be close to "${show(expected)}": ` +
      `delta "${show(delta)}" is greater than "${show(allowed)}"${suffix(msg)}`,
  );
}

function show(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toExponential();
}
