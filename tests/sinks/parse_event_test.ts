import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  digestEvent,
  type Event,
  parseEvent,
  serializeEvent,
  SinkError,
} from "../../sinks/mod.ts";
import {
  anyPayload,
  assertCode,
  event,
  eventText,
  OF,
  RUNS,
} from "./_samples.ts";
import chain from "../fixtures/vectors/chain.json" with { type: "json" };

const HASH = "0123456789abcdef".repeat(4);

/** The payload's text within an event's. */
function payloadText(of: Event): string {
  return /"payload":(.*),"schema_version"/s.exec(serializeEvent(of))![1]!;
}

Deno.test("serializeEvent writes compact JSON, keys in order, nulls written", () => {
  const made = event({ payload: { b: 1, a: [true, null] } });
  assertEquals(
    serializeEvent(made),
    '{"event_id":"00000000-0000-4000-8000-000000000001",' +
      `"trace_id":"${OF.trace_id}","task_id":"${OF.task_id}",` +
      '"parent_id":null,"type":"harness.step","ts":"2024-01-02T03:04:05Z",' +
      '"source":"loop","payload":{"b":1,"a":[true,null]},' +
      '"schema_version":1,"prev_hash":null,"hash":null,"sig":null}',
  );
});

Deno.test("serializeEvent writes raw UTF-8 and escapes only quotes, backslashes and C0", () => {
  const text = '"\\/\b\f\n\r\t\0\x1f\x7f\x80é\u2028\ufeff😀';
  const made = event({
    source: text.replace("\x1f", "\x1e"),
    payload: { text },
  });
  assertEquals(
    payloadText(made),
    '{"text":"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\x80é\u2028\ufeff😀"}',
  );
});

Deno.test("serializeEvent refuses an object that is no event", () => {
  const spoilt = { ...event(), ts: "now" };
  assertCode("invalid_event", () => serializeEvent(spoilt));
});

for (const { event: text, stored, hash, prev_hash } of chain.vectors) {
  const linked = { prev_hash, hash, sig: null };
  Deno.test(`parseEvent reads the predecessor's vector ${hash.slice(0, 8)} to the letter`, () => {
    assertEquals(serializeEvent(parseEvent(stored)), stored);
    const { prev_hash, hash, sig } = parseEvent(stored);
    assertEquals({ prev_hash, hash, sig }, linked);
    const unlinked = { prev_hash: null, hash: null, sig: null };
    const tail = (of: unknown) => `,${JSON.stringify(of).slice(1)}`;
    assertEquals(
      serializeEvent(parseEvent(text)),
      stored.replace(tail(linked), tail(unlinked)),
    );
  });
}

Deno.test("parseEvent takes fields in any order, in any spacing, with others among them", () => {
  const made = event({ payload: { b: 1, a: "x" } });
  const fields = Object.entries(JSON.parse(serializeEvent(made))).reverse();
  const text = JSON.stringify(
    { extra: { hash: 1.0 }, ...Object.fromEntries(fields), zzz: [null] },
    null,
    2,
  );
  assertEquals(serializeEvent(parseEvent(text)), serializeEvent(made));
});

Deno.test("parseEvent reads lines of 0.2.0, which lack the chain's fields", () => {
  const read = parseEvent(eventText({ payload: '{"a":1}' }));
  assertEquals([read.prev_hash, read.hash, read.sig], [null, null, null]);
  assertEquals(
    serializeEvent(read),
    serializeEvent(event({ payload: { a: 1 } })),
  );
});

Deno.test("parseEvent fills in a missing parent_id and schema_version", () => {
  const text = eventText({}).replace('"parent_id":null,', "")
    .replace(',"schema_version":1', "");
  const read = parseEvent(text);
  assertEquals([read.parent_id, read.schema_version], [null, 1]);
});

Deno.test("parseEvent keeps numbers that JS cannot tell apart", () => {
  for (
    const payload of [
      '{"a":1.0}',
      '{"a":-0.0}',
      '{"a":1180591620717411303424,"b":[9007199254740993]}',
      '{"a":{"b":[0.0,{"c":-1.0}]}}',
      '{"a":100.0,"b":1e+16,"c":1e-7,"d":0.00001}',
    ]
  ) {
    assertEquals(payloadText(parseEvent(eventText({ payload }))), payload);
  }
});

Deno.test("parseEvent writes numbers as the predecessor does, however they were spelt", () => {
  const payload = '{"a":1.50,"b":1E2,"c":-0,"d":1e16,"e":10e-8}';
  assertEquals(
    payloadText(parseEvent(eventText({ payload }))),
    '{"a":1.5,"b":100.0,"c":0,"d":1e+16,"e":1e-7}',
  );
});

Deno.test("parseEvent tells 1 from 1.0 in the digest", () => {
  const [one, float] = ["1", "1.0"].map((n) =>
    digestEvent(parseEvent(eventText({ payload: `{"a":${n}}` })), null)
  );
  assert(one !== float);
  assertEquals(one, digestEvent(event({ payload: { a: 1 } }), null));
});

Deno.test("parseEvent keeps the order of keys that look like integers", () => {
  const payload = '{"b":1,"2":{"10":0,"9":0},"1":1}';
  assertEquals(payloadText(parseEvent(eventText({ payload }))), payload);
});

Deno.test("parseEvent takes the last of two equal fields, as Python does", () => {
  const core = eventText({ payload: '{"a":1}' }).slice(0, -1);
  const chain = ',"prev_hash":null,"hash":null,"sig":null';
  // The first payload alone would be taken for the whole of our own text.
  const read = parseEvent(`${core}${chain},"payload":{"a":1.0}}`);
  assertEquals(payloadText(read), '{"a":1.0}');
  const keys = parseEvent(eventText({ payload: '{"a":1,"b":2,"a":3}' }));
  assertEquals(payloadText(keys), '{"a":3,"b":2}');
});

Deno.test("parseEvent freezes to the last nested value, __proto__ included", () => {
  const read = parseEvent(eventText({ payload: '{"__proto__":{"a":[{}]}}' }));
  const inner = Object.getOwnPropertyDescriptor(read.payload, "__proto__")!
    .value as { a: unknown[] };
  assert(Object.isFrozen(read.payload) && Object.isFrozen(inner));
  assert(Object.isFrozen(inner.a) && Object.isFrozen(inner.a[0]));
  assertEquals(payloadText(read), '{"__proto__":{"a":[{}]}}');
});

Deno.test("parseEvent refuses text that is no event", () => {
  const texts = [
    "",
    "{",
    "null",
    "[]",
    "1",
    '"text"',
    "{}",
    `${eventText({})}x`,
    eventText({ payload: "[]" }),
    eventText({ payload: "null" }),
    eventText({ payload: '{"a":NaN}' }),
    eventText({ payload: '{"a":1e999}' }),
    eventText({ payload: '{"a":"\\ud800"}' }),
    eventText({ payload: '{"\\udfff":1}' }),
    eventText({ source: '"a\\u001fb"' }),
    eventText({ source: '"\\ud800"' }),
    eventText({ source: "null" }),
    eventText({ type: '"other.x"' }),
    eventText({ event_id: "null" }),
    eventText({ ts: "0" }),
    eventText({ schema_version: "1.5" }),
    eventText({ schema_version: "null" }),
    eventText({ hash: '"abc"' }),
  ];
  for (const text of texts) assertCode("invalid_event", () => parseEvent(text));
  assertThrows(() => parseEvent(1 as unknown as string), TypeError);
});

Deno.test("parseEvent refuses a lone surrogate however it is spelt, at once", () => {
  for (const text of ["\\ud800", "\\uD800", "\\udC00", "\ud800", "x\udfff"]) {
    const value = eventText({ payload: `{"a":"${text}"}` });
    assertCode("invalid_event", () => parseEvent(value));
    const key = eventText({ payload: `{"${text}":1}` });
    assertCode("invalid_event", () => parseEvent(key));
  }
  const pair = eventText({ payload: '{"a":"\\uD83D\\uDE00"}' });
  assertEquals(payloadText(parseEvent(pair)), '{"a":"😀"}');
});

Deno.test("parseEvent refuses at once what it would refuse when the event is written", () => {
  const deep = "[".repeat(500) + "]".repeat(500);
  for (const extra of ["1e999", '"\\uDC00"', deep]) {
    let read: Event;
    try {
      read = parseEvent(eventText({ extra }));
    } catch (error) {
      assert(error instanceof SinkError && error.code === "invalid_event");
      continue;
    }
    // Fields that events do not have are ignored, so this may be let in, too.
    serializeEvent(read);
    digestEvent(read, null);
  }
});

Deno.test("parseEvent does not refuse what an equal key replaces, then or later", () => {
  const deep = "[".repeat(1e5) + "]".repeat(1e5);
  for (const replaced of ["1e999", '"\\uDC00"', deep, `[1e999,"\\uDC00"]`]) {
    const members = `{"a":${replaced},"b":2.0,"a":1}`;
    const read = parseEvent(eventText({ payload: members }));
    assertEquals(payloadText(read), '{"a":1,"b":2.0}');
    digestEvent(read, null);
    const twice = eventText({ payload: `{"a":${replaced}},"payload":{"a":1}` });
    assertEquals(payloadText(parseEvent(twice)), '{"a":1}');
    const kept = eventText({ payload: `{"a":1,"a":${replaced}}` });
    assertCode("invalid_event", () => parseEvent(kept));
  }
});

Deno.test("parseEvent refuses half of a pair beside the other half's escape", () => {
  for (const text of ["\ud83d\\ude00", "\\ud83d\ude00"]) {
    const value = eventText({ payload: `{"a":"${text}"}` });
    assertCode("invalid_event", () => parseEvent(value));
  }
});

Deno.test("parseEvent says what JSON.parse said", () => {
  const error = assertCode("invalid_event", () => parseEvent("{nope"));
  assert(error.cause instanceof SyntaxError);
});

Deno.test("parseEvent takes 199 levels of payload, as createEvent does, and no more", () => {
  const nested = (levels: number, inner: string) =>
    '{"a":'.repeat(levels - 1) + `{"end":${inner}}` + "}".repeat(levels - 1);
  for (const inner of ["1", "1.0"]) {
    const payload = nested(199, inner);
    assertEquals(payloadText(parseEvent(eventText({ payload }))), payload);
    const deeper = eventText({ payload: nested(200, inner) });
    assertCode("invalid_event", () => parseEvent(deeper));
  }
  event({ payload: JSON.parse(nested(199, "1")) });
  const bottomless = "[".repeat(1e5) + "]".repeat(1e5);
  const text = eventText({ payload: `{"a":${bottomless}}` });
  assertCode("invalid_event", () => parseEvent(text));
});

Deno.test("parseEvent reads chain fields, and refuses to guess at them", () => {
  const of = { prev_hash: `"${HASH}"`, hash: `"${HASH}"`, sig: "null" };
  const read = parseEvent(eventText(of));
  assertEquals([read.prev_hash, read.hash, read.sig], [HASH, HASH, null]);
});

Deno.test("stored text round-trips: parsing it and writing it changes nothing", () => {
  fc.assert(
    fc.property(anyPayload, fc.boolean(), (payload, linked) => {
      const chain = linked ? { hash: HASH, prev_hash: HASH } : {};
      const text = serializeEvent(event({ payload, ...chain }));
      assertEquals(serializeEvent(parseEvent(text)), text);
      // The long way round comes to the same as the short one.
      const spaced = JSON.stringify(JSON.parse(text), null, 1);
      const long = parseEvent(spaced);
      const short = parseEvent(text);
      assertEquals(digestEvent(long, null), digestEvent(short, null));
    }),
    RUNS,
  );
});
