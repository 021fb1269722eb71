import { assert, assertEquals, assertRejects } from "@std/assert";
import type { EventSinkRule } from "./rule.ts";
import {
  assertSeqs,
  drain,
  ids,
  samples,
  TRACE_A,
  TRACE_B,
} from "./samples.ts";

/** Fourteen events, the traces taking turns. */
const EVENTS = samples(7).flatMap((event, n) => [
  event,
  ...samples(1, { trace_id: TRACE_B, source: `b${n % 2}` }),
]);

/** Numbers that count nothing. */
export const NO_COUNTS: readonly unknown[] = [
  -1,
  -0.5,
  0.5,
  1.5,
  NaN,
  Infinity,
  -Infinity,
  2 ** 53,
  "1",
  1n,
];

/** What `limit` and `afterSeq` mean. */
export const PAGING: readonly EventSinkRule[] = [
  {
    name: "lesson 12: returns nothing for limit 0",
    check: async ({ open }) => {
      const sink = await open();
      await sink.appendAll(EVENTS);
      assertEquals(await sink.query({}, { limit: 0 }), []);
      assertEquals(await sink.query({ trace_id: TRACE_A }, { limit: 0 }), []);
      assertEquals(await sink.query({}, { limit: 0, afterSeq: 3 }), []);
    },
  },
  {
    name: "returns the first events up to the limit, and all of them below it",
    check: async ({ open }) => {
      const sink = await open();
      const stored = await sink.appendAll(EVENTS);
      for (const limit of [1, 5, 13, 14, 15, Number.MAX_SAFE_INTEGER]) {
        const page = await sink.query({}, { limit });
        assertEquals(page, stored.slice(0, limit));
      }
    },
  },
  {
    name: "lesson 12: refuses a limit or an afterSeq that is no count",
    check: async ({ open }) => {
      const sink = await open();
      await sink.appendAll(EVENTS);
      for (const value of NO_COUNTS as number[]) {
        for (const options of [{ limit: value }, { afterSeq: value }]) {
          await assertRejects(() => sink.query({}, options), RangeError);
        }
        const options = { afterSeq: value };
        await assertRejects(() => drain(sink.stream({}, options)), RangeError);
      }
    },
  },
  {
    name: "pages with afterSeq through everything, once each",
    check: async ({ open }) => {
      const sink = await open();
      const stored = await sink.appendAll(EVENTS);
      for (const limit of [1, 3, 14, 20]) {
        const seen = [];
        for (let afterSeq = 0;;) {
          const page = await sink.query({}, { limit, afterSeq });
          if (page.length === 0) break;
          assert(page.length <= limit);
          assert(page[0]!.seq > afterSeq, "a page begins before its start");
          seen.push(...page);
          afterSeq = page.at(-1)!.seq;
        }
        assertEquals(seen, stored);
      }
    },
  },
  {
    name: "lesson 12: means the log's own seq by afterSeq, whatever the filter",
    check: async ({ open }) => {
      const sink = await open();
      const stored = await sink.appendAll(EVENTS);
      assertSeqs(stored);
      const filter = { trace_id: TRACE_B, source: "b0" };
      const matching = await sink.query(filter);
      assertEquals(matching.length, 4);
      for (const { seq: afterSeq } of stored) {
        const expected = matching.filter(({ seq }) => seq > afterSeq);
        assertEquals(await sink.query(filter, { afterSeq }), expected);
        assertEquals(
          await sink.query(filter, { afterSeq, limit: 2 }),
          expected.slice(0, 2),
        );
        assertEquals(await drain(sink.stream(filter, { afterSeq })), expected);
      }
    },
  },
  {
    name: "returns nothing behind the end of the log",
    check: async ({ open }) => {
      const sink = await open();
      const stored = await sink.appendAll(EVENTS);
      for (const afterSeq of [stored.at(-1)!.seq, Number.MAX_SAFE_INTEGER]) {
        assertEquals(await sink.query({}, { afterSeq }), []);
        assertEquals(await drain(sink.stream({}, { afterSeq })), []);
      }
    },
  },
  {
    name: "takes undefined options for options left out",
    check: async ({ open }) => {
      const sink = await open();
      await sink.appendAll(EVENTS);
      const all = EVENTS.map(({ event_id }) => event_id);
      assertEquals(ids(await sink.query(undefined, undefined)), all);
      assertEquals(ids(await drain(sink.stream(undefined, undefined))), all);
      assertEquals(await sink.count(undefined), all.length);
    },
  },
];
