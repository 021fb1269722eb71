import { AssertionError } from "./assertion_error.ts";
import { diff } from "./_diff.ts";
import { format, suffix } from "./_format.ts";
import { equal } from "./equal.ts";

/**
 * Asserts that two values are deeply equal.
 *
 * @param actual The value to test.
 * @param expected The value that it should equal.
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} If they are not equal, with the difference.
 */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `Values are not equal${suffix(msg)}${difference(actual, expected)}`,
  );
}

/**
 * Asserts that two values are not deeply equal.
 *
 * @param actual The value to test.
 * @param expected The value that it should differ from.
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} If they are equal.
 */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(
    `Expected actual: ${format(actual)} not to be: ${format(expected)}` +
      suffix(msg),
  );
}

/**
 * Asserts that two values are the same, as `Object.is` has it.
 *
 * @param actual The value to test.
 * @param expected The value that it should be.
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} If they are not the same, with the difference.
 */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const text = format(actual);
  if (text === format(expected)) {
    throw new AssertionError(
      "Values have the same structure but are not reference-equal" +
        `${suffix(msg)}\n\n${indent(text)}\n`,
    );
  }
  throw new AssertionError(
    `Values are not strictly equal${suffix(msg)}${
      difference(actual, expected)
    }`,
  );
}

function difference(actual: unknown, expected: unknown): string {
  const texts = typeof actual === "string" && typeof expected === "string"
    // The lines of a text are more telling than its escaped form.
    ? diff(actual, expected)
    : diff(format(actual), format(expected));
  return `\n\n\n    [Diff] Actual / Expected\n\n\n${texts}\n`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}
