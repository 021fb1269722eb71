import { assertEquals } from "./equals.ts";

type Properties = Record<PropertyKey, unknown>;

/**
 * Asserts that an object has at least the properties of another, deeply.
 *
 * Arrays match by their first elements, maps and sets by what both hold.
 *
 * @param actual The object to test.
 * @param expected The properties that it must have.
 * @param msg A text to add to the error's message.
 * @throws {AssertionError} If a property is missing or differs.
 * @throws {TypeError} If either is not an object.
 */
export function assertObjectMatch(
  actual: object,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  for (const value of [actual, expected]) {
    if (isObject(value)) continue;
    throw new TypeError(
      `Cannot assertObjectMatch ${
        value === null ? null : `type ${typeof value}`
      }`,
    );
  }
  // Reducing both sides alike turns class instances into plain objects on both.
  assertEquals(reduce(actual, expected), reduce(expected, expected), msg);
}

/** What is left of `value` when only what `pattern` also has is kept. */
function reduce(
  value: unknown,
  pattern: unknown,
  seen: Map<unknown, unknown> = new Map(),
): unknown {
  if (!isObject(value) || !isObject(pattern)) return value;
  if (value instanceof RegExp || value instanceof Date) return value;
  // A cycle through the same pair is compared as it is.
  if (seen.get(value) === pattern) return value;
  seen.set(value, pattern);
  if (Array.isArray(value) && Array.isArray(pattern)) {
    return value.slice(0, pattern.length)
      .map((item, i) => reduce(item, pattern[i], seen));
  }
  if (value instanceof Map && pattern instanceof Map) {
    return new Map(
      [...value].filter(([key]) => pattern.has(key))
        .map(([key, item]) => [key, reduce(item, pattern.get(key), seen)]),
    );
  }
  if (value instanceof Set && pattern instanceof Set) {
    return value.intersection(pattern);
  }
  return reduceProperties(value, pattern, seen);
}

function reduceProperties(
  value: Properties,
  pattern: Properties,
  seen: Map<unknown, unknown>,
): Properties {
  const wanted = new Set(Reflect.ownKeys(pattern));
  const own = Reflect.ownKeys(value);
  const shared = own.filter((key) => wanted.has(key));
  // With nothing in common, the whole object makes the more useful difference.
  const kept = shared.length === 0 && wanted.size > 0 ? own : shared;
  const reduced: Properties = {};
  for (const key of kept) {
    // Defined and not assigned, so that `__proto__` stays a plain property.
    Object.defineProperty(reduced, key, {
      value: wanted.has(key)
        ? reduce(value[key], pattern[key], seen)
        : value[key],
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return reduced;
}

function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null;
}
