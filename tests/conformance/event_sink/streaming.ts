import { assert, assertEquals, assertRejects } from "@std/assert";
import type { StoredEvent } from "../../../sinks/mod.ts";
import type { EventSinkRule } from "./rule.ts";
import { NO_COUNTS } from "./paging.ts";
import { drain, ids, sample, samples, TRACE_B } from "./samples.ts";

const EVENTS = samples(12).flatMap((event) => [
  event,
  sample({ trace_id: TRACE_B }),
]);

/** What a stream that does not follow gives. */
export const STREAMING: readonly EventSinkRule[] = [
  {
    name: "streams the same whatever the batch size",
    check: async ({ open }) => {
      const sink = await open();
      const stored = await sink.appendAll(EVENTS);
      const ofB = stored.filter(({ event }) => event.trace_id === TRACE_B);
      for (const batchSize of [1, 2, 3, 11, 12, 13, 23, 24, 25, 10_000]) {
        const options = { batchSize };
        assertEquals(await drain(sink.stream({}, options)), stored);
        const filter = { trace_id: TRACE_B };
        assertEquals(await drain(sink.stream(filter, options)), ofB);
      }
    },
  },
  {
    name:
      "lesson 12: refuses a batch size that is 0, no count, or above 10,000",
    check: async ({ open }) => {
      const sink = await open();
      await sink.append(sample());
      for (const value of [0, 10_001, ...NO_COUNTS as number[]]) {
        const stream = () => drain(sink.stream({}, { batchSize: value }));
        await assertRejects(stream, RangeError);
      }
    },
  },
  {
    name: "ends at the end of the log while events are being appended",
    check: async ({ open, soon }) => {
      const sink = await open();
      const before = await sink.appendAll(EVENTS);
      const appended = [...before];
      const seen: StoredEvent[] = [];
      const pass = async () => {
        for await (const stored of sink.stream({}, { batchSize: 5 })) {
          seen.push(stored);
          // Less than is read, so that the end can be caught up with.
          if (seen.length % 3 === 0) appended.push(await sink.append(sample()));
        }
      };
      await soon("the end of the stream", pass());
      assert(seen.length >= before.length, "events from before are missing");
      assertEquals(seen, appended.slice(0, seen.length));
    },
  },
  {
    name: "can be left early, and the sink goes on",
    check: async ({ open }) => {
      const sink = await open();
      await sink.appendAll(EVENTS);
      for (const batchSize of [1, 4, 100]) {
        for await (const { seq } of sink.stream({}, { batchSize })) {
          if (seq >= 3) break;
        }
      }
      const reason = new Error("the caller's own");
      const error = await assertRejects(async () => {
        for await (const _ of sink.stream()) throw reason;
      });
      assertEquals(error, reason);
      await sink.append(sample());
      assertEquals(await sink.count(), EVENTS.length + 1);
    },
  },
  {
    name: "serves two streams at once, each at its own pace",
    check: async ({ open }) => {
      const sink = await open();
      const all = ids(await sink.appendAll(EVENTS));
      const quick = sink.stream({}, { batchSize: 2 });
      const slow = sink.stream({}, { batchSize: 3 });
      const slowIds: string[] = [];
      for await (const { event } of slow) {
        slowIds.push(event.event_id);
        if (slowIds.length === 4) assertEquals(ids(await drain(quick)), all);
      }
      assertEquals(slowIds, all);
    },
  },
  {
    name: "can be read from, counted and appended to from within a stream",
    check: async ({ open, soon }) => {
      const sink = await open();
      await sink.appendAll(EVENTS);
      const pass = async () => {
        for await (const { seq, event } of sink.stream({}, { batchSize: 4 })) {
          const { event_id } = event;
          assertEquals(await sink.count({ event_id }), 1);
          const [found] = await sink.query({ event_id });
          assertEquals(found?.seq, seq);
          await sink.append(event);
          if (seq === EVENTS.length) break;
        }
      };
      await soon("a stream with calls within it", pass());
      assertEquals(await sink.count(), EVENTS.length);
    },
  },
  {
    name: "ends with the signal's reason, before the first event and amid them",
    check: async ({ open }) => {
      const sink = await open();
      await sink.appendAll(EVENTS);
      const reason = new Error("enough");
      const aborted = AbortSignal.abort(reason);
      const error = await assertRejects(
        () => drain(sink.stream({}, { signal: aborted })),
      );
      assertEquals(error, reason);
      const controller = new AbortController();
      const { signal } = controller;
      let seen = 0;
      const late = await assertRejects(async () => {
        for await (const _ of sink.stream({}, { signal, batchSize: 5 })) {
          if (++seen === 2) controller.abort(reason);
        }
      });
      assertEquals(late, reason);
      assertEquals(seen, 2);
    },
  },
];
