import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseEvent, serializeEvent, SinkError } from "../../sinks/mod.ts";
import { readSealed, readStoredText } from "../../sinks/_sealed_event.ts";
import { canonicalEvent } from "../../sinks/hash_chain.ts";
import { chain, event, id } from "./_chains.ts";
import vectorFile from "../fixtures/vectors/chain.json" with { type: "json" };

/** A stored text with this text for its payload. */
function withPayload(payload: string): string {
  return serializeEvent(event(1)).replace(
    '"payload":{}',
    () => `"payload":${payload}`,
  );
}

/** Asserts that the scan, where it takes a text, says what the parser says. */
function assertAgrees(text: string): boolean {
  const fast = readStoredText(text);
  if (fast === undefined) return false;
  const parsed = parseEvent(text);
  assertEquals(fast.canonical, canonicalEvent(parsed, parsed.prev_hash), text);
  const { canonical: _, ...fields } = fast;
  for (const [name, value] of Object.entries(fields)) {
    assertEquals(value, parsed[name as keyof typeof parsed], name);
  }
  return true;
}

/** JSON with any spelling of numbers and any order of keys. */
const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
    fc.string({ unit: "binary-ascii" }).map((text) => JSON.stringify(text)),
    fc.constantFrom("true", "false", "null", "{}", "[]"),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.bigInt().map(String),
    fc.integer().map((n) => `${n}.0`),
    fc.tuple(fc.integer(), fc.integer({ min: -330, max: 310 }))
      .map(([n, power]) => `${n}e${power}`),
    fc.constantFrom(
      "-0",
      "-0.0",
      "0.0001",
      "0.00001",
      "1e16",
      "1E+2",
      "5e-324",
    ),
    fc.array(tie("value")).map((items) => `[${items.join(",")}]`),
    objectOf(tie("value")),
  ),
})).value;

function objectOf(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const key = fc.oneof(
    fc.string({ unit: "binary", maxLength: 4 }),
    fc.constantFrom("a", "b", "10", "9", "__proto__", "schema_version", ""),
  ).map((text) => JSON.stringify(text));
  return fc.array(fc.tuple(key, value), { maxLength: 24 }).map((members) =>
    `{${members.map(([name, member]) => `${name}:${member}`).join(",")}}`
  );
}

Deno.test("readStoredText says what parseEvent says, whatever the payload", () => {
  let taken = 0;
  fc.assert(
    fc.property(objectOf(jsonText), (payload) => {
      const text = withPayload(payload);
      try {
        parseEvent(text);
      } catch {
        // Only an infinite number gets here, and the scan must refuse it too.
        assertEquals(readStoredText(text), undefined, text);
        return;
      }
      if (assertAgrees(text)) taken++;
    }),
    { numRuns: 2_000 },
  );
  assert(taken > 200, `only ${taken} texts were scanned`);
});

Deno.test("readStoredText agrees with parseEvent on every one-character edit", () => {
  const text = serializeEvent(chain(1, 2)[1]!);
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      fc.oneof(
        fc.string({ unit: "binary-ascii", maxLength: 2 }),
        fc.constantFrom('"', "\\", "{", "}", ",", "\ud800", "\x1f", "\x7f"),
      ),
      fc.nat(2),
      (at, put, cut) => {
        const edited = text.slice(0, at) + put + text.slice(at + cut);
        let isEvent = true;
        try {
          parseEvent(edited);
        } catch (error) {
          assert(error instanceof SinkError);
          isEvent = false;
        }
        if (isEvent) assertAgrees(edited);
        else assertEquals(readStoredText(edited), undefined, edited);
      },
    ),
    { numRuns: 5_000 },
  );
});

Deno.test("readStoredText takes every text that serializeEvent writes", () => {
  fc.assert(
    fc.property(
      fc.record({
        ts: fc.date({
          min: new Date("0001-01-01T00:00:00Z"),
          max: new Date("9999-12-31T23:59:59Z"),
          noInvalidDate: true,
        }),
        source: fc.string({ unit: "grapheme" }).filter((text) =>
          !text.includes("\x1f") && JSON.stringify(text) === `"${text}"`
        ),
        payload: fc.dictionary(
          fc.string({ unit: "grapheme-ascii", maxLength: 8 })
            .filter((key) => !/["\\]/.test(key)),
          fc.jsonValue({ maxDepth: 3, stringUnit: "grapheme" })
            .filter((value) => !/\\|":/.test(JSON.stringify(value))),
        ),
        parent_id: fc.constantFrom(null, id(7)),
        schema_version: fc.integer(),
      }),
      (init) => {
        const text = serializeEvent(event(1, init));
        assert(assertAgrees(text), `not scanned: ${text}`);
      },
    ),
  );
});

Deno.test("readStoredText scans every stored text of the vectors, to its hash", () => {
  for (const { stored, canonical } of vectorFile.vectors) {
    const sealed = readSealed(stored);
    assertEquals(sealed.canonical, canonical);
    assert(assertAgrees(stored), `not scanned: ${stored}`);
  }
});

Deno.test("readStoredText leaves a second key of the same name to the parser", () => {
  for (
    const payload of [
      '{"a":1,"a":2}',
      '{"a":1},"payload":{"b":2}',
      '{"b":{"x":1,"c":0,"x":2}}',
    ]
  ) {
    const text = withPayload(payload);
    assertEquals(readStoredText(text), undefined, text);
    const parsed = parseEvent(text);
    assertEquals(
      readSealed(text).canonical,
      canonicalEvent(parsed, parsed.prev_hash),
    );
  }
});

Deno.test("readStoredText leaves integers beyond a double to the parser, which refuses them", () => {
  const nines = (length: number) => `{"a":-${"9".repeat(length)}}`;
  assert(assertAgrees(withPayload(nines(308))));
  const beyond = withPayload(nines(309));
  assertEquals(readStoredText(beyond), undefined);
  assertThrows(() => readSealed(beyond), SinkError);
});

Deno.test("readStoredText holds days to their months, as parseEvent does", () => {
  const text = serializeEvent(event(1, { ts: "2024-02-29T00:00:00Z" }));
  assert(assertAgrees(text));
  for (const day of ["2023-02-29", "2024-02-30", "2024-04-31"]) {
    const wrong = text.replace("2024-02-29", day);
    assertEquals(readStoredText(wrong), undefined);
    assertThrows(() => readSealed(wrong), SinkError, "ts");
  }
});

Deno.test("readStoredText nests as deep as parseEvent, and no deeper", () => {
  const nested = (depth: number) =>
    withPayload(`{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`);
  assert(assertAgrees(nested(199)));
  assertEquals(readStoredText(nested(200)), undefined);
  assertThrows(() => readSealed(nested(200)), SinkError, "199 levels");
});
