import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  canonicalText,
  compareCodePoints,
  escapeToAscii,
} from "../../sinks/_canonical.ts";
import { readSource, type SourceValue } from "../../sinks/_json_source.ts";
import { takePayload } from "../../sinks/_payload.ts";
import { anyPayload, anyText, RUNS } from "./_samples.ts";

Deno.test("canonicalText sorts keys by code point at every depth, not by unit", () => {
  // In UTF-16 units U+10000 (d800 dc00) would come before U+FFFF.
  const value = { "\u{10000}": 1, "\uffff": { "\u{1f600}": 1, "\ue000": 2 } };
  assertEquals(
    canonicalText(value),
    '{"\\uffff":{"\\ue000":2,"\\ud83d\\ude00":1},"\\ud800\\udc00":1}',
  );
  assertEquals(
    canonicalText({ b: 1, a: 1, B: 1, "": 1, aa: 1, 10: 1, 9: 1 }),
    '{"":1,"10":1,"9":1,"B":1,"a":1,"aa":1,"b":1}',
  );
});

Deno.test("canonicalText escapes everything outside 0x20..0x7e, and no more", () => {
  const text = '"\\/\b\f\n\r\t\0\x1f \x7e\x7f\x80é\u2028😀';
  assertEquals(
    canonicalText(text),
    '"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f ~\\u007f\\u0080\\u00e9\\u2028' +
      '\\ud83d\\ude00"',
  );
});

Deno.test("escapeToAscii says the same of a text however much of it has to be escaped", () => {
  const naive = (text: string) =>
    text.replace(
      /[^\x20-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  const units = fc.oneof(
    fc.constantFrom("a", " ", "~", "\x7f", "\x1f", "\ud83d\ude00"),
    fc.integer({ min: 0, max: 0xffff }).map((n) => String.fromCharCode(n)),
  );
  const texts = fc.array(units, { minLength: 0, maxLength: 200 });
  fc.assert(
    fc.property(texts, fc.nat(3), (drawn, spread) => {
      const text = drawn.join("a".repeat(spread));
      assertEquals(escapeToAscii(text), naive(text));
    }),
    RUNS,
  );
});

Deno.test("canonicalText writes literals, numbers and empty containers", () => {
  assertEquals(
    canonicalText([null, true, false, 0, -1, 1.5, 1e21, [], {}]),
    "[null,true,false,0,-1,1.5,1e+21,[],{}]",
  );
});

Deno.test("canonicalText keeps what a source says of its numbers", () => {
  const source = readSource('{"b":[1.0,-0.0,-0],"a":1180591620717411303424}');
  assertEquals(
    canonicalText(source),
    '{"a":1180591620717411303424,"b":[1.0,-0.0,0]}',
  );
});

/** Orders text as its UTF-8 bytes, which is the order of its code points. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Fails unless the keys of every object in a text are sorted. */
function assertSorted(value: SourceValue): void {
  if (value instanceof Map) {
    const keys = [...value.keys()];
    assertEquals(keys, keys.toSorted(compareBytes));
    for (const member of value.values()) assertSorted(member);
  } else if (Array.isArray(value)) value.forEach(assertSorted);
}

Deno.test("canonicalText is ASCII, sorted, and says the same as its value", () => {
  fc.assert(
    fc.property(anyPayload, (drawn) => {
      const payload = takePayload(drawn);
      const text = canonicalText(payload);
      assertMatch(text, /^[\x20-\x7e]*$/);
      assertEquals(JSON.parse(text), JSON.parse(JSON.stringify(payload)));
      assertSorted(readSource(text));
    }),
    RUNS,
  );
});

Deno.test("canonicalText is idempotent: its own text has itself for canonical", () => {
  fc.assert(
    fc.property(anyPayload, (drawn) => {
      const text = canonicalText(takePayload(drawn));
      assertEquals(canonicalText(readSource(text)), text);
    }),
    RUNS,
  );
});

Deno.test("canonicalText is the same from JS values as from their JSON text", () => {
  fc.assert(
    fc.property(anyPayload, (drawn) => {
      const payload = takePayload(drawn);
      const source = readSource(JSON.stringify(payload));
      assertEquals(canonicalText(source), canonicalText(payload));
    }),
    RUNS,
  );
});

Deno.test("compareCodePoints orders as UTF-8 bytes do", () => {
  fc.assert(
    fc.property(anyText, anyText, (a, b) => {
      const order = Math.sign(compareCodePoints(a, b));
      assertEquals(order, compareBytes(a, b));
      assertEquals(compareCodePoints(a, a), 0);
    }),
    RUNS,
  );
});
