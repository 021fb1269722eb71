import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { runInNewContext } from "node:vm";
import { PAYLOAD_DEPTH_MAX, takePayload } from "../../sinks/_payload.ts";
import { anyPayload, assertCode, RUNS } from "./_samples.ts";

/** So many levels of objects and arrays in turn, the outermost an object. */
function nested(levels: number, inner: unknown): object {
  let value = inner;
  for (let level = levels; level > 1; level--) {
    value = level % 2 === 0 ? { a: value } : [value];
  }
  return { a: value };
}

Deno.test("takePayload copies and freezes all the way down", () => {
  const payload = { list: [1, { deep: "as given" }], none: null };
  const taken = takePayload(payload);
  assertEquals(taken, payload);
  assert(taken !== payload);
  payload.list[0] = 2;
  (payload.list[1] as { deep: string }).deep = "changed";
  assertEquals(taken, { list: [1, { deep: "as given" }], none: null });
  assert(Object.isFrozen(taken.list));
  assert(Object.isFrozen((taken.list as unknown[])[1]));
});

Deno.test("takePayload leaves out members that are undefined, and -0's sign", () => {
  const taken = takePayload({ a: undefined, b: -0, c: { d: undefined } });
  assertEquals(JSON.stringify(taken), '{"b":0,"c":{}}');
  assert(Object.is(taken.b, 0));
});

Deno.test("takePayload keeps a key named __proto__ as a key", () => {
  const taken = takePayload(JSON.parse('{"__proto__":{"a":1}}'));
  assertEquals(Object.keys(taken), ["__proto__"]);
  assertEquals(Object.getPrototypeOf(taken), Object.prototype);
  assertEquals(JSON.stringify(taken), '{"__proto__":{"a":1}}');
});

Deno.test("takePayload takes objects without a prototype and of another realm", () => {
  const bare = Object.assign(Object.create(null), { a: 1 });
  assertEquals(takePayload(bare), { a: 1 });
  const foreign = runInNewContext("({ a: [1, { b: 2 }] })");
  assertEquals(takePayload(foreign), { a: [1, { b: 2 }] });
});

Deno.test("takePayload reads each member once, so that a getter cannot cheat", () => {
  let reads = 0;
  const payload = {
    get a() {
      return reads++ === 0 ? 1 : NaN;
    },
  };
  assertEquals(takePayload(payload), { a: 1 });
  assertEquals(reads, 1);
});

Deno.test("takePayload refuses what JSON has no words for, and names the place", () => {
  class Point {}
  const values: unknown[] = [
    NaN,
    -Infinity,
    1n,
    Symbol("s"),
    () => 1,
    new Date(0),
    new Map(),
    new Point(),
    new Uint8Array(1),
    new String("boxed"),
    /x/,
    "\ud800",
    [undefined],
    new Array(1),
  ];
  for (const value of values) {
    const payload = { a: [{ b: value }] };
    const { message } = assertCode("invalid_event", () => takePayload(payload));
    assertStringIncludes(message, "payload.a[0].b");
  }
  const key = { a: { "\udfff": 1 } };
  const { message } = assertCode("invalid_event", () => takePayload(key));
  assertStringIncludes(message, "a key of payload.a");
});

Deno.test("takePayload refuses a payload that is no plain object", () => {
  for (const value of [null, undefined, 1, "{}", [], new Map(), new Date()]) {
    assertCode("invalid_event", () => takePayload(value));
  }
});

Deno.test("takePayload takes 199 levels with a scalar in the last, and no more", () => {
  for (const inner of [1, null, "text", {}]) {
    const room = inner !== null && typeof inner === "object" ? 1 : 0;
    const most = nested(PAYLOAD_DEPTH_MAX - room, inner);
    assertEquals(JSON.stringify(takePayload(most)), JSON.stringify(most));
    const more = { a: most };
    assertCode("invalid_event", () => takePayload(more));
  }
  assertEquals(PAYLOAD_DEPTH_MAX, 199);
});

Deno.test("takePayload refuses a payload that holds itself", () => {
  const payload: Record<string, unknown> = { a: [] };
  (payload.a as unknown[]).push(payload);
  const { message } = assertCode("invalid_event", () => takePayload(payload));
  assertStringIncludes(message, "itself");
});

Deno.test("takePayload changes no text that JSON.stringify writes", () => {
  fc.assert(
    fc.property(anyPayload, (payload) => {
      const text = JSON.stringify(payload);
      assertEquals(JSON.stringify(takePayload(payload)), text);
    }),
    RUNS,
  );
});
