/**
 * What the tests of this project rely on in @std/assert. These tests run on the
 * link, and without a change on the registry's package.
 */
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "@std/assert";

/**
 * Checks that an assertion fails, without the help of another one.
 *
 * @returns The message of its error.
 */
function failure(assertion: () => unknown): string {
  try {
    assertion();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
  throw new Error(`Did not fail: ${assertion}`);
}

class Point {
  constructor(readonly x: number, readonly y: number) {}
}

class Place extends Point {}

/** A list that holds itself. */
function cycle(value: number): unknown[] {
  const list: unknown[] = [value];
  list.push(list);
  return list;
}

const EQUAL: [unknown, unknown][] = [
  [1, 1],
  [NaN, NaN],
  [0, -0],
  ["a", "a"],
  [10n, 10n],
  [null, null],
  [undefined, undefined],
  [[1, [2]], [1, [2]]],
  [{ a: 1, b: { c: 2 } }, { b: { c: 2 }, a: 1 }],
  [Object.create(null), {}],
  [new Point(1, 2), new Point(1, 2)],
  [new Date(5), new Date(5)],
  [new Date(NaN), new Date(NaN)],
  [/a/gi, /a/gi],
  [new URL("data:,a"), new URL("data:,a")],
  [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  [new Float64Array([NaN, 0]), new Float64Array([NaN, -0])],
  [new Uint8Array([1]).buffer, new Uint8Array([1]).buffer],
  [new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]])],
  [new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 1]])],
  [new Map([[undefined, 1]]), new Map([[undefined, 1]])],
  [new Set([1, "a"]), new Set(["a", 1])],
  [new Set([{ a: 1 }, { a: 2 }]), new Set([{ a: 2 }, { a: 1 }])],
  [cycle(1), cycle(1)],
  [{ [Symbol.for("s")]: 1 }, { [Symbol.for("s")]: 1 }],
  [assert, assert],
];

const DIFFERENT: [unknown, unknown][] = [
  [1, 2],
  [1, "1"],
  [1, 1n],
  [null, undefined],
  [{}, null],
  [[], {}],
  [[1, 2], [1]],
  [[undefined], []],
  [{ a: 1 }, { a: 2 }],
  [{ a: undefined }, {}],
  [{ a: undefined }, { b: undefined }],
  [new Point(1, 2), { x: 1, y: 2 }],
  [new Point(1, 2), new Place(1, 2)],
  [new Point(1, 2), new Point(1, 3)],
  [new Date(5), new Date(6)],
  [new Date(5), 5],
  [/a/g, /a/i],
  [new URL("data:,a"), new URL("data:,b")],
  [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  [new Uint8Array([1]), new Uint8Array([1, 2])],
  [new Uint8Array([1]), new Int8Array([1])],
  [new Uint8Array([1]).buffer, new Uint8Array([2]).buffer],
  [new Map([["a", 1]]), new Map([["a", 2]])],
  [new Map([["a", 1]]), new Map([["b", 1]])],
  [new Map([["a", 1]]), new Map()],
  [new Map([[undefined, 1]]), new Map([[null, 1]])],
  [new Set([1, 2]), new Set([1, 3])],
  [new Set([{ a: 1 }]), new Set([{ a: 2 }])],
  [new Set(), new Map()],
  [cycle(1), cycle(2)],
  [{ [Symbol.for("s")]: 1 }, { [Symbol.for("s")]: 2 }],
  [() => 1, () => 1],
];

Deno.test("equal tells equal values from different ones", () => {
  for (const [a, b] of EQUAL) {
    assert(equal(a, b) && equal(b, a), Deno.inspect([a, b]));
  }
  for (const [a, b] of DIFFERENT) {
    assert(!equal(a, b) && !equal(b, a), Deno.inspect([a, b]));
  }
});

Deno.test("equal refuses what cannot be read", () => {
  assertThrows(() => equal(new WeakMap(), new WeakMap()), TypeError);
  assertThrows(() => equal(new WeakSet(), new WeakSet()), TypeError);
});

Deno.test("assertEquals and assertNotEquals follow equal", () => {
  for (const [a, b] of EQUAL) {
    assertEquals(a, b);
    failure(() => assertNotEquals(a, b));
  }
  for (const [a, b] of DIFFERENT) {
    assertNotEquals(a, b);
    failure(() => assertEquals(a, b));
  }
});

Deno.test("assertEquals shows what differs", () => {
  const message = failure(() =>
    assertEquals({ same: 1, other: [2] }, { same: 1, other: [3] }, "a note")
  );
  assertStringIncludes(message, "Values are not equal: a note");
  assertMatch(message, /^.*-\s+2,/m);
  assertMatch(message, /^.*\+\s+3,/m);
  assertMatch(message, /^[^+-]*same: 1,/m);
  const texts = failure(() => assertEquals("a\nb\nc", "a\nx\nc"));
  assertMatch(texts, /-\s+\S*b/);
  assertMatch(texts, /\+\s+\S*x/);
});

Deno.test("assertNotEquals shows both values", () => {
  assertMatch(failure(() => assertNotEquals([7], [7])), /7[^]*not to be[^]*7/);
});

Deno.test("assertStrictEquals asserts that two values are the same", () => {
  const list = [1];
  assertStrictEquals(list, list);
  assertStrictEquals(NaN, NaN);
  assertStringIncludes(
    failure(() => assertStrictEquals([1], [1])),
    "same structure but are not reference-equal",
  );
  assertMatch(failure(() => assertStrictEquals(1, 2)), /-\s+1[^]*\+\s+2/);
  failure(() => assertStrictEquals(0, -0));
});

Deno.test("assert and assertFalse assert that a value is truthy or falsy", () => {
  assert(1);
  assertFalse(0);
  for (const falsy of [false, 0, "", null, undefined, NaN]) {
    assertFalse(falsy);
    assertEquals(failure(() => assert(falsy, "the message")), "the message");
  }
  for (const truthy of [true, 1, "0", [], {}]) {
    assert(truthy);
    assertEquals(failure(() => assertFalse(truthy, "a text")), "a text");
  }
});

Deno.test("assertExists asserts that a value is there", () => {
  for (const value of [0, "", false, NaN, {}]) assertExists(value);
  for (const missing of [null, undefined]) {
    assertStringIncludes(failure(() => assertExists(missing)), `${missing}`);
  }
});

Deno.test("assertInstanceOf asserts the class of a value", () => {
  assertInstanceOf(new Place(1, 2), Point);
  assertInstanceOf(new TypeError(), Error);
  for (const value of [new Point(1, 2), null, undefined, 1, Place, {}]) {
    assertStringIncludes(
      failure(() => assertInstanceOf(value, Place)),
      'instance of "Place"',
    );
  }
});

Deno.test("assertIsError asserts the class and the message of an error", () => {
  const error = new TypeError("not so good");
  assertIsError(error);
  assertIsError(error, TypeError);
  assertIsError(error, Error, "so");
  assertIsError(error, TypeError, /^not .* good$/);
  failure(() => assertIsError("not so good"));
  failure(() => assertIsError(error, RangeError));
  assertStringIncludes(
    failure(() => assertIsError(error, TypeError, "bad")),
    "not so good",
  );
  failure(() => assertIsError(error, TypeError, /^good/));
});

Deno.test("assertThrows returns the error that it expects", () => {
  const error = new TypeError("not so good");
  const throwing = (): never => {
    throw error;
  };
  assertStrictEquals(assertThrows(throwing), error);
  assertStrictEquals(assertThrows(throwing, "a note"), error);
  assertStrictEquals(assertThrows(throwing, Error), error);
  assertStrictEquals(assertThrows(throwing, TypeError, "so good"), error);
  failure(() => assertThrows(throwing, RangeError));
  failure(() => assertThrows(throwing, TypeError, "bad"));
  assertStringIncludes(
    failure(() => assertThrows(() => {}, Error, "", "a note")),
    "Expected function to throw: a note",
  );
  const text: unknown = "a text";
  failure(() =>
    assertThrows(() => {
      throw text;
    }, Error)
  );
});

Deno.test("assertRejects returns the error that it expects", async () => {
  const error = new TypeError("not so good");
  const rejecting = (): Promise<never> => Promise.reject(error);
  assertStrictEquals(await assertRejects(rejecting), error);
  assertStrictEquals(await assertRejects(rejecting, "a note"), error);
  assertStrictEquals(await assertRejects(rejecting, TypeError), error);
  assertStrictEquals(await assertRejects(rejecting, Error, "so good"), error);
  const failures: [() => PromiseLike<unknown>, string][] = [
    [() => Promise.resolve(), "Expected function to reject"],
    [() => Promise.reject("a text"), "A non-Error object was rejected"],
    [() => Promise.reject(new RangeError("x")), 'instance of "TypeError"'],
    [() => Promise.reject(new TypeError("x")), "so good"],
    [() => {
      throw error;
    }, "Function throws when expected to reject"],
  ];
  for (const [fn, message] of failures) {
    const failed = await assertRejects(fn, TypeError, "so good").catch((e) =>
      e
    );
    assertInstanceOf(failed, AssertionError);
    assertStringIncludes(failed.message, message);
  }
});

Deno.test("assertMatch and assertStringIncludes look into texts", () => {
  assertMatch("abc", /b./);
  assertStringIncludes("abc", "bc");
  assertStringIncludes(failure(() => assertMatch("abc", /x/)), '"abc"');
  assertStringIncludes(
    failure(() => assertStringIncludes("abc", "x", "a note")),
    "a note",
  );
});

Deno.test("assertArrayIncludes finds equal elements", () => {
  assertArrayIncludes([1, { a: 1 }, NaN], [NaN, { a: 1 }]);
  assertArrayIncludes(new Uint8Array([1, 2]), [2]);
  assertArrayIncludes([1], []);
  assertMatch(
    failure(() => assertArrayIncludes([1, 2], [2, 3])),
    /missing: \[\s+3,/,
  );
});

Deno.test("assertObjectMatch asserts some of the properties", () => {
  const actual = {
    id: 1,
    list: [{ a: 1, b: 2 }, 3],
    nested: { x: new Date(1), y: 2 },
    map: new Map([["k", { v: 1, w: 2 }]]),
    place: new Place(1, 2),
  };
  for (
    const expected of [
      {},
      { id: 1 },
      { list: [{ a: 1 }] },
      { nested: { x: new Date(1) } },
      { map: new Map([["k", { v: 1 }]]) },
      { place: { x: 1 } },
    ]
  ) {
    assertObjectMatch(actual, expected);
  }
  for (
    const expected of [
      { id: 2 },
      { missing: undefined },
      { list: [{ a: 2 }] },
      { list: [{ a: 1 }, 3, 4] },
      { nested: { x: new Date(2) } },
      { map: new Map([["k", { v: 2 }]]) },
      { place: { x: 2 } },
    ]
  ) {
    failure(() => assertObjectMatch(actual, expected));
  }
});

Deno.test("assertGreater and its kin compare values", () => {
  assertGreater(2, 1);
  assertGreaterOrEqual(2n, 2n);
  assertLess("a", "b");
  assertLessOrEqual(new Date(1), new Date(1));
  assertEquals(failure(() => assertGreater(1, 1)), "Expect 1 > 1");
  assertEquals(failure(() => assertGreaterOrEqual(0, 1)), "Expect 0 >= 1");
  assertEquals(failure(() => assertLess(1, 1)), "Expect 1 < 1");
  assertEquals(failure(() => assertLessOrEqual(2, 1)), "Expect 2 <= 1");
  failure(() => assertGreater(NaN, 0));
  failure(() => assertLessOrEqual(NaN, 0));
  assertEquals(failure(() => assertLess(2, 1, "a text")), "a text");
});

Deno.test("assertAlmostEquals allows a tolerance", () => {
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertAlmostEquals(1, 1.5, 0.5);
  assertAlmostEquals(NaN, NaN);
  assertAlmostEquals(Infinity, Infinity);
  failure(() => assertAlmostEquals(1, 1.001));
  failure(() => assertAlmostEquals(1, 2, 0.5));
  failure(() => assertAlmostEquals(1, NaN));
  failure(() => assertAlmostEquals(Infinity, -Infinity));
});

Deno.test("fail and unreachable always throw", () => {
  assertEquals(failure(() => fail()), "Failed assertion.");
  assertEquals(failure(() => fail("a note")), "Failed assertion: a note");
  assertEquals(failure(() => unreachable()), "Unreachable.");
  assertEquals(failure(() => unreachable("a note")), "Unreachable: a note");
});

Deno.test("AssertionError keeps its cause", () => {
  const cause = new Error("first");
  const error = new AssertionError("second", { cause });
  assertInstanceOf(error, Error);
  assertEquals(error.name, "AssertionError");
  assertStrictEquals(error.cause, cause);
});
