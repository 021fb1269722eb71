import { assert, assertEquals } from "@std/assert";
import {
  digestEvent,
  type Event,
  parseEvent,
  serializeEvent,
} from "../../../sinks/mod.ts";
import { assertMatches } from "./filters.ts";
import type { EventSinkRule, RuleContext } from "./rule.ts";
import {
  assertLog,
  contentText,
  sample,
  TASK,
  TRACE_A,
  uuid,
} from "./samples.ts";

/** An event that another program wrote, with this text for its payload. */
function foreign(payload: string): Event {
  return parseEvent(
    `{"event_id":"${uuid(0xf)}","trace_id":"${TRACE_A}",` +
      `"task_id":"${TASK}","parent_id":null,"type":"data.row",` +
      `"ts":"2024-01-02T03:04:05Z","source":"py","payload":${payload},` +
      `"schema_version":1}`,
  );
}

/** Payloads as another program spells them, which JS would spell otherwise. */
const FOREIGN: Readonly<Record<string, string>> = {
  "1.0 and -0.0": '{"a":1.0,"b":-0.0,"c":[0.0,{"d":-1.0}]}',
  "integers beyond 2**53": '{"a":1180591620717411303424,"b":-9007199254740993}',
  "exponents": '{"a":1e-7,"b":1e+16,"c":1.7976931348623157e+308,"d":5e-324}',
  "keys that look like integers, in their order":
    '{"b":1,"2":1,"1":1,"10":1,"-1":0,"01":1}',
  "a key named __proto__": '{"__proto__":{"a":1.0},"b":{"__proto__":null}}',
  "1.0 within ctx": '{"ctx":{"try":1.0}}',
};

/** Payloads that are easily changed on the way to disk and back. */
const PAYLOADS: Readonly<Record<string, Record<string, unknown>>> = {
  "an empty payload": {},
  "NUL and other control characters": { "\0": "a\0b\x01\x1f\x7f\x80" },
  "quotes, backslashes and slashes": { "\"\\/'": "\"\\/'`${}\\u0041" },
  "line ends of every kind": { a: "1\n2\r3\r\n4\u20285\u20296\x0b7\x0c8" },
  "characters of every length": { "é漢😀": "\u{10ffff}\ufffd\uffff\ue000é" },
  "a byte order mark": { "\ufeff": "\ufeff\ufffe" },
  "text that is not normalised": { a: "\u00e9 e\u0301 \ufb01" },
  "keys that look like integers": { 10: "a", 9: "b", b: "c", "-1": "d" },
  "keys of Object.prototype": JSON.parse(
    '{"__proto__":{"x":1},"constructor":1,"toString":"t","hasOwnProperty":0}',
  ),
  "numbers at the bounds": {
    list: [0, -0, 1.5, 2 ** 53, -(2 ** 53), 5e-324, 1.7e308, 1e21, 1e-7, 0.1],
  },
  "text that looks like something else": {
    list: ["null", "1.0", "true", "", " ", "2024-01-02T03:04:05Z", "{}"],
  },
  "empty containers": { a: {}, b: [], c: [[], {}], d: null },
  "an array of 10,000 items": {
    list: Array.from({ length: 1e4 }, (_, n) => n),
  },
};

/** Stores an event, and checks that every way back gives the same text. */
async function assertKept(context: RuleContext, event: Event): Promise<void> {
  const sink = await context.open();
  const text = contentText(event);
  const { event: stored } = await sink.append(event);
  // A short message: a long text would make for a long difference.
  assert(contentText(stored) === text, "append returned another text");
  assertEquals(stored.hash, digestEvent(event, null));
  const check = async (from: typeof sink): Promise<void> => {
    const [found] = await from.query();
    assert(found !== undefined, "the event is not there");
    assert(contentText(found.event) === text, "another text was read back");
    assertEquals(found.event.hash, digestEvent(found.event, null));
    await assertLog(from, [event]);
    assertEquals((await from.append(event)).seq, found.seq);
  };
  await check(sink);
  if (!context.supports.persistence) return;
  await sink.close();
  await check(await context.open());
}

/** What comes back is what was given, to the letter. */
export const TEXT: readonly EventSinkRule[] = [
  ...Object.entries(PAYLOADS).map(([what, payload]): EventSinkRule => ({
    name: `keeps ${what}`,
    check: (context) => assertKept(context, sample({ payload })),
  })),
  ...Object.entries(FOREIGN).map(([what, payload]): EventSinkRule => ({
    name: `keeps ${what} as another program wrote it`,
    check: async (context) => {
      const event = foreign(payload);
      const text = serializeEvent(event);
      assert(text.includes(`"payload":${payload},`), text);
      await assertKept(context, event);
    },
  })),
  {
    name: "keeps a payload of 2 MiB",
    check: async (context) => {
      const text = "0123456789abcdé\n".repeat(2 ** 17);
      await assertKept(context, sample({ payload: { text } }));
    },
  },
  {
    name: "keeps a payload of 199 levels, the most there may be",
    check: async (context) => {
      let payload: Record<string, unknown> = { end: 1 };
      for (let level = 1; level < 199; level++) payload = { a: payload };
      await assertKept(context, sample({ payload }));
    },
  },
  ...["", "a\0b", "é😀", "' \" \\ % _ *", "\ufeff", " \n"].map((
    source,
  ): EventSinkRule => ({
    name: `keeps the source ${JSON.stringify(source)}, and finds by it`,
    check: async ({ open }) => {
      const sink = await open();
      const event = sample({ source });
      await sink.appendAll([sample({ source: "other" }), event]);
      await assertMatches(sink, { source }, [event.event_id]);
      const [found] = await sink.query({ source });
      assertEquals(contentText(found!.event), contentText(event));
    },
  })),
  ...[
    "2024-01-02T03:04:05Z",
    "2024-01-02T03:04:05.000001+05:30",
    "2024-01-02T03:04:05",
    "0001-01-01T00:00:00-23:59",
    "9999-12-31T23:59:59.999999Z",
  ].map((ts): EventSinkRule => ({
    name: `keeps the time ${ts} in its zone`,
    check: (context) => assertKept(context, sample({ ts })),
  })),
];
