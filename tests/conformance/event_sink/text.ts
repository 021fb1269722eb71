import { assert, assertEquals } from "@std/assert";
import {
  digestEvent,
  type Event,
  type EventSink,
  parseEvent,
  serializeEvent,
} from "../../../sinks/mod.ts";
import { assertMatches } from "./filters.ts";
import type { EventSinkRule, RuleContext } from "./rule.ts";
import {
  assertChains,
  contentText,
  each,
  ids,
  sample,
  TASK,
  TRACE_A,
} from "./samples.ts";

/** An event that another program wrote, with this text for its payload. */
function foreign(payload: string): Event {
  return parseEvent(
    `{"event_id":"${crypto.randomUUID()}","trace_id":"${TRACE_A}",` +
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

/** 199 levels of nesting, the most there may be, with a scalar in the last. */
function deepest(): Record<string, unknown> {
  let payload: Record<string, unknown> = { end: 1 };
  for (let level = 1; level < 199; level++) payload = { a: payload };
  return payload;
}

const SOURCES = ["", "a\0b", "é😀", "' \" \\ % _ *", "\ufeff", " \n"];

const TIMES = [
  "2024-01-02T03:04:05Z",
  "2024-01-02T03:04:05.000001+05:30",
  "2024-01-02T03:04:05",
  "0001-01-01T00:00:00-23:59",
  "9999-12-31T23:59:59.999999Z",
];

/** Checks that an event says what was given, and that its digest does. */
function assertSays(stored: Event, given: Event): void {
  // Short messages: a long text would make for a long difference.
  assert(contentText(stored) === contentText(given), "the text is another");
  assertEquals(stored.hash, digestEvent(stored, stored.prev_hash), "hash");
  assertEquals(stored.hash, digestEvent(given, stored.prev_hash), "hash");
}

/** Stores events, and checks that every way back gives the same text. */
async function assertKept(
  { open, supports }: RuleContext,
  cases: ReadonlyArray<readonly [what: string, event: Event]>,
): Promise<void> {
  const sink = await open();
  const events = cases.map(([, event]) => event);
  await each(cases, async (event) => {
    assertSays((await sink.append(event)).event, event);
  });
  const check = async (from: EventSink): Promise<void> => {
    const log = await from.query();
    assertEquals(ids(log), events.map(({ event_id }) => event_id));
    assertChains(log);
    const found = new Map(log.map(({ event }) => [event.event_id, event]));
    await each(cases, async (event) => {
      assertSays(found.get(event.event_id)!, event);
      const again = await from.append(event);
      assertSays(again.event, event);
    });
    for await (const { event } of from.stream()) {
      assertSays(event, found.get(event.event_id)!);
    }
    assertEquals(await from.count(), events.length);
  };
  await check(sink);
  if (!supports.persistence) return;
  await sink.close();
  await check(await open());
}

/** What comes back is what was given, to the letter. */
export const TEXT: readonly EventSinkRule[] = [
  {
    name: "keeps payloads of every kind, to the letter",
    check: (context) =>
      assertKept(
        context,
        Object.entries({ ...PAYLOADS, "199 levels": deepest() }).map((
          [what, payload],
        ) => [what, sample({ payload })]),
      ),
  },
  {
    name:
      "keeps payloads as another program wrote them, 1.0 and 2**70 included",
    check: (context) =>
      assertKept(
        context,
        Object.entries(FOREIGN).map(([what, payload]) => {
          const event = foreign(payload);
          const text = serializeEvent(event);
          assert(text.includes(`"payload":${payload},`), text);
          return [what, event];
        }),
      ),
  },
  {
    name: "keeps a payload of 2 MiB",
    check: async (context) => {
      const text = "0123456789abcdé\n".repeat(2 ** 17);
      await assertKept(context, [["2 MiB", sample({ payload: { text } })]]);
    },
  },
  {
    name: "keeps sources of every kind",
    check: async (context) => {
      const events = SOURCES.map((source) => sample({ source }));
      await assertKept(
        context,
        events.map((event) => [JSON.stringify(event.source), event]),
      );
    },
  },
  {
    name: "finds by sources of every kind",
    check: async ({ open }) => {
      const sink = await open();
      const events = SOURCES.map((source) => sample({ source }));
      await sink.appendAll([...events, sample({ source: "other" })]);
      for (const { source, event_id } of events) {
        await assertMatches(sink, { source }, [event_id]);
      }
    },
  },
  {
    name: "keeps times in their zones",
    check: (context) =>
      assertKept(context, TIMES.map((ts) => [ts, sample({ ts })])),
  },
];
