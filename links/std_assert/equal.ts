/** The classes whose instances are equal when their texts are. */
const COMPARED_AS_TEXT: ReadonlySet<object> = new Set<object>([
  RegExp.prototype,
  URL.prototype,
  URLSearchParams.prototype,
  Intl.Locale.prototype,
  ...temporalPrototypes(),
]);

const TypedArray = Object.getPrototypeOf(Uint8Array) as {
  new (): Uint8Array;
};

/**
 * Tells whether two values are deeply equal.
 *
 * `NaN` equals itself and `0` equals `-0`. Objects are equal when they have the
 * same prototype (an object without one counts as a plain object) and equal
 * properties; dates, expressions, maps, sets, buffers and typed arrays are
 * compared by what they hold. Functions are equal only to themselves.
 *
 * @param a One value.
 * @param b The other value.
 * @returns Whether they are equal.
 * @throws {TypeError} If a `WeakMap` or `WeakSet`, which cannot be read, is to
 * be compared.
 */
export function equal(a: unknown, b: unknown): boolean {
  return deepEqual(a, b, new Map());
}

/** The pairs that are being compared further up, or were found equal. */
type Pairs = Map<object, Set<object>>;

function deepEqual(a: unknown, b: unknown, pairs: Pairs): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (a instanceof Date && b instanceof Date) {
    return Object.is(a.getTime(), b.getTime());
  }
  if (prototypeOf(a) !== prototypeOf(b)) return false;
  const partners = pairs.get(a) ?? new Set();
  // A pair met again inside itself is a cycle, and equal if the rest is.
  if (partners.has(b)) return true;
  pairs.set(a, partners.add(b));
  const same = sameContents(a, b, pairs);
  // Searching a map or a set goes on after a pair that differs.
  if (!same) partners.delete(b);
  return same;
}

/** Compares two objects of the same prototype. */
function sameContents(a: object, b: object, pairs: Pairs): boolean {
  if (a instanceof TypedArray) return sameElements(a, b as Uint8Array);
  if (a instanceof ArrayBuffer || a instanceof SharedArrayBuffer) {
    return sameElements(
      new Uint8Array(a),
      new Uint8Array(b as ArrayBuffer | SharedArrayBuffer),
    );
  }
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
  }
  if (a instanceof WeakRef) {
    return deepEqual(a.deref(), (b as WeakRef<WeakKey>).deref(), pairs);
  }
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  if (a instanceof Map && b instanceof Map) return sameEntries(a, b, pairs);
  if (a instanceof Set && b instanceof Set) return sameMembers(a, b, pairs);
  if (COMPARED_AS_TEXT.has(Object.getPrototypeOf(a))) {
    return String(a) === String(b);
  }
  return sameProperties(a, b, pairs);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The prototype, with `null` read as that of a plain object. */
function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

function sameElements(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    // Typed arrays of floats may hold NaN, which is not `===` to itself.
    if (a[i] !== b[i] && !Object.is(a[i], b[i])) return false;
  }
  return true;
}

function sameEntries(
  a: Map<unknown, unknown>,
  b: Map<unknown, unknown>,
  pairs: Pairs,
): boolean {
  if (a.size !== b.size) return false;
  const unmatched = new Map(b);
  for (const [key, value] of a) {
    if (unmatched.has(key) && deepEqual(value, unmatched.get(key), pairs)) {
      unmatched.delete(key);
      continue;
    }
    // Only a key that is an object can equal another key.
    if (!isObject(key)) return false;
    const match = unmatched.entries().find(([otherKey, otherValue]) =>
      deepEqual(key, otherKey, pairs) && deepEqual(value, otherValue, pairs)
    );
    if (match === undefined) return false;
    unmatched.delete(match[0]);
  }
  return true;
}

function sameMembers(
  a: Set<unknown>,
  b: Set<unknown>,
  pairs: Pairs,
): boolean {
  if (a.size !== b.size) return false;
  const unmatched = new Set(b);
  for (const member of a) {
    if (unmatched.delete(member)) continue;
    if (!isObject(member)) return false;
    const match = unmatched.values().find((other) =>
      deepEqual(member, other, pairs)
    );
    if (match === undefined) return false;
    unmatched.delete(match);
  }
  return true;
}

function sameProperties(
  a: object,
  b: object,
  pairs: Pairs,
): boolean {
  const prototype = prototypeOf(a);
  const plain = prototype === Object.prototype || prototype === Array.prototype;
  const keys = plain
    ? new Set([...enumerableKeys(a), ...enumerableKeys(b)])
    : new Set([...inheritedKeys(a), ...inheritedKeys(b)]);
  for (const key of keys) {
    if (key in a !== key in b) return false;
    if (!deepEqual(Reflect.get(a, key), Reflect.get(b, key), pairs)) {
      return false;
    }
  }
  return true;
}

function enumerableKeys(value: object): (string | symbol)[] {
  return Reflect.ownKeys({ ...value });
}

/** The keys of an instance and of its classes, getters and methods included. */
function inheritedKeys(value: object): Set<string | symbol> {
  const keys = new Set<string | symbol>();
  let owner: object | null = value;
  while (
    owner !== null && owner !== Object.prototype && owner !== Array.prototype
  ) {
    for (const key of Reflect.ownKeys(owner)) keys.add(key);
    owner = Object.getPrototypeOf(owner);
  }
  return keys;
}

/** The Temporal classes, where the platform has them. */
function temporalPrototypes(): object[] {
  const temporal = Reflect.get(globalThis, "Temporal");
  if (!isObject(temporal)) return [];
  return [
    "Duration",
    "Instant",
    "PlainDate",
    "PlainDateTime",
    "PlainMonthDay",
    "PlainTime",
    "PlainYearMonth",
    "ZonedDateTime",
  ].map((name) => Reflect.get(temporal, name))
    .filter((type) => typeof type === "function")
    .map((type) => type.prototype);
}
