import {
  assert,
  assertEquals,
  AssertionError,
  assertRejects,
} from "@std/assert";
import type { Event } from "../../../sinks/mod.ts";
import type { EventSinkRule } from "./rule.ts";
import { assertCode, assertLog, each, plain, sample } from "./samples.ts";

/** Each breaks one rule of the format. */
const INVALID: Readonly<Record<string, Record<string, unknown>>> = {
  "an id that is no UUID": { event_id: "7" },
  "a trace that is no UUID": { trace_id: "" },
  "no task": { task_id: undefined },
  "a parent that is no UUID": { parent_id: "parent" },
  "a type of another family": { type: "tool.call" },
  "a type with U+001F": { type: "data.a\x1fb" },
  "a source with U+001F": { source: "a\x1fb" },
  "a source with a lone surrogate": { source: "\ud800" },
  "no source": { source: undefined },
  "a time that is none": { ts: "yesterday" },
  "a day that there is not": { ts: "2023-02-29T00:00:00Z" },
  "a payload that is an array": { payload: [] },
  "a payload that is text": { payload: "{}" },
  "a payload with NaN": { payload: { a: { b: [NaN] } } },
  "a payload with infinity": { payload: { a: -Infinity } },
  "a payload with a big integer": { payload: { a: 1n } },
  "a payload with a lone surrogate": { payload: { a: "\udc00" } },
  "a payload with a key of a lone surrogate": { payload: { "\udc00": 1 } },
  "a payload with a date": { payload: { at: new Date(0) } },
  "a schema_version that is no integer": { schema_version: 1.5 },
  "a hash that is no hash": { hash: "abc" },
  "a field that events do not have": { colour: "red" },
};

const NOT_EVENTS: readonly unknown[] = [undefined, null, 1, "{}", true, []];

/** What a sink lets in. */
export const DOOR: readonly EventSinkRule[] = [
  {
    name:
      "refuses an event that breaks a rule of the format, and stores nothing",
    check: async ({ open }) => {
      const sink = await open();
      await each(Object.entries(INVALID), async (fields) => {
        const invalid = { ...plain(sample()), ...fields } as Event;
        await assertCode("invalid_event", () => sink.append(invalid));
        const batch = [sample(), invalid, sample()];
        await assertCode("invalid_event", () => sink.appendAll(batch));
        assertEquals(await sink.count(), 0);
      });
      const after = sample();
      await sink.append(after);
      await assertLog(sink, [after]);
    },
  },
  {
    name: "refuses what is no object, and stores nothing",
    check: async ({ open }) => {
      const sink = await open();
      for (const value of NOT_EVENTS as Event[]) {
        await assertCode("invalid_event", () => sink.append(value));
        await assertCode("invalid_event", () => sink.appendAll([value]));
      }
      await assertLog(sink, []);
    },
  },
  {
    name: "refuses a batch that is no iterable, such as a single event",
    check: async ({ open }) => {
      const sink = await open();
      for (const value of [sample(), undefined, null, 3]) {
        const batch = value as unknown as Event[];
        await assertRejects(() => sink.appendAll(batch), TypeError);
      }
      await assertLog(sink, []);
    },
  },
  {
    name: "rejects rather than throws, so that one handler sees every failure",
    check: async ({ open }) => {
      const sink = await open();
      const calls = [
        () => sink.append(null as unknown as Event),
        () => sink.appendAll(null as unknown as Event[]),
        () => sink.query({ nothing: 1 }),
        () => sink.query({}, { limit: -1 }),
        () => sink.count({ nothing: 1 }),
      ];
      for (const call of calls) {
        let promise: Promise<unknown>;
        try {
          promise = call();
        } catch (cause) {
          throw new AssertionError(`${call} throws`, { cause });
        }
        assert(promise instanceof Promise, `${call} returns no promise`);
        await assertRejects(() => promise);
      }
    },
  },
];
