import { assertEquals, assertRejects } from "@std/assert";
import { type EventFilter, verifyLog } from "../../../sinks/mod.ts";
import { assertMatches } from "./filters.ts";
import type { EventSinkRule } from "./rule.ts";
import { each, ids, sample, TRACE_B } from "./samples.ts";

const FIELDS = ["user", "try", "it's"];

const CONTEXTS: readonly unknown[] = [
  { user: "ann", try: 1, "it's": true },
  { user: "ann", try: 2 },
  { user: "", try: "1" },
  { user: null, try: 1.5 },
  { try: { user: "ann" } },
  ["ann"],
  "ann",
  undefined,
  { user: "anné😀", "it's": "true" },
  { user: "ann\0e", try: -0 },
];

const EVENTS = CONTEXTS.map((ctx, n) =>
  sample({
    payload: { ctx, user: "ann" },
    ...(n % 2 === 0 ? {} : { trace_id: TRACE_B }),
  })
);

/** Filters, and the indexes of the events that they match. */
const CASES: ReadonlyArray<
  readonly [what: string, of: readonly [EventFilter, readonly number[]]]
> = [
  ["text, exactly", [{ user: "ann" }, [0, 1]]],
  ["other text than ASCII", [{ user: "anné😀" }, [8]]],
  ["text with NUL, to its end", [{ user: "ann\0e" }, [9]]],
  ["empty text, which is not null", [{ user: "" }, [2]]],
  ["a number, as its JSON text", [{ try: 1 }, [0, 2]]],
  ["the text of a number", [{ try: "1.5" }, [3]]],
  ["zero", [{ try: 0 }, [9]]],
  ["a boolean, as its JSON text", [{ "it's": true }, [0, 8]]],
  ["a value that is not there", [{ "it's": "x' OR '1" }, []]],
  ["two fields, both", [{ user: "ann", try: 2 }, [1]]],
  ["a field and a column", [{ user: "ann", trace_id: TRACE_B }, [1]]],
];

/** What a filter by fields of `payload.ctx` matches. */
export const CTX_FIELDS: readonly EventSinkRule[] = [
  {
    name: "filters by the ctx fields that it was opened with",
    check: async ({ open }) => {
      const sink = await open({ ctxFields: FIELDS });
      await sink.appendAll(EVENTS);
      await each(CASES, async ([filter, matches]) => {
        const expected = matches.map((index) => EVENTS[index]!.event_id);
        await assertMatches(sink, filter, expected);
      });
    },
  },
  {
    name:
      "lesson 12: matches a null ctx field with null only, not a missing one",
    check: async ({ open }) => {
      const sink = await open({ ctxFields: FIELDS });
      await sink.appendAll(EVENTS);
      await assertMatches(sink, { user: null }, [EVENTS[3]!.event_id]);
      await assertMatches(sink, { user: "null" }, []);
      await assertMatches(sink, { "it's": null }, []);
    },
  },
  {
    name: "pages through a ctx filter",
    check: async ({ open }) => {
      const sink = await open({ ctxFields: FIELDS });
      await sink.appendAll(EVENTS);
      const [first] = await sink.query({ user: "ann" }, { limit: 1 });
      const afterSeq = first!.seq;
      const rest = await sink.query({ user: "ann" }, { afterSeq });
      assertEquals(ids(rest), [EVENTS[1]!.event_id]);
    },
  },
  {
    name: "refuses ctxFields that name a column, nothing, or one field twice",
    check: async ({ open }) => {
      for (const ctxFields of [["type"], [""], ["a", "b", "a"]]) {
        await assertRejects(() => open({ ctxFields }), RangeError);
      }
    },
  },
  {
    name:
      "verifies as whole with ctx fields, whether it keeps an index or none",
    check: async ({ open }) => {
      const sink = await open({ ctxFields: FIELDS });
      await sink.appendAll(EVENTS);
      assertEquals((await verifyLog(sink)).violations, []);
    },
  },
  {
    name:
      "lesson 12: finds by a ctx field that was first named at a later open",
    needs: "persistence",
    check: async ({ open }) => {
      const first = await open({ ctxFields: ["try"] });
      await first.appendAll(EVENTS.slice(0, 5));
      await first.close();
      const second = await open({ ctxFields: ["try", "user"] });
      await second.appendAll(EVENTS.slice(5));
      await second.append(EVENTS[0]!);
      const anns = [0, 1].map((index) => EVENTS[index]!.event_id);
      await assertMatches(second, { user: "ann" }, anns);
      await assertMatches(second, { user: null }, [EVENTS[3]!.event_id]);
      await second.close();
      // A field that is left out for a while misses nothing of that time.
      const third = await open({ ctxFields: [] });
      const late = sample({ payload: { ctx: { user: "ann" } } });
      await third.append(late);
      await third.close();
      const fourth = await open({ ctxFields: ["user"] });
      await assertMatches(fourth, { user: "ann" }, [...anns, late.event_id]);
    },
  },
];
