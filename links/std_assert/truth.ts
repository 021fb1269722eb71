import { AssertionError } from "./assertion_error.ts";
import { suffix } from "./_format.ts";

/** The values that {@linkcode assertFalse} lets through. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/**
 * Asserts that a value is truthy.
 *
 * @param expr The value to test.
 * @param msg The whole message of the error.
 * @throws {AssertionError} If the value is falsy.
 */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/**
 * Asserts that a value is falsy.
 *
 * @param expr The value to test.
 * @param msg The whole message of the error.
 * @throws {AssertionError} If the value is truthy.
 */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/**
 * Asserts that a value is neither null nor undefined.
 *
 * @param actual The value to test.
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} If the value is null or undefined.
 */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not be null or undefined${suffix(msg)}`,
  );
}

/**
 * Asserts that a value is an instance of a class.
 *
 * @param actual The value to test.
 * @param expectedType The class.
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} If the value is not an instance of the class.
 */
export function assertInstanceOf<
  T extends abstract new (...args: never[]) => unknown,
>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const wanted = expectedType.name;
  const found = typeName(actual);
  const but = found === wanted
    ? ""
    : found === "function"
    ? " but was not an instanced object"
    : ` but was "${found}"`;
  throw new AssertionError(
    `Expected object to be an instance of "${wanted}"${but}${suffix(msg)}`,
  );
}

/**
 * Fails at once, for a place that a test must not reach by its own rules.
 *
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} Always.
 */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg)}`);
}

/**
 * Fails at once, for a place that the program cannot reach.
 *
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} Always.
 */
export function unreachable(msg?: string): never {
  throw new AssertionError(`Unreachable${suffix(msg)}`);
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return value.constructor?.name ?? "Object";
}
