import { assertEquals } from "@std/assert";
import type { Event } from "../../../sinks/mod.ts";
import type { EventSinkRule } from "./rule.ts";
import {
  assertLog,
  assertSeqs,
  ids,
  later,
  sample,
  samples,
  settle,
  uuid,
} from "./samples.ts";

const APPENDERS = 64;
const TRACES = 16;
const EACH = 8;

/** What holds when calls overlap. */
export const CONCURRENCY: readonly EventSinkRule[] = [
  {
    name: "stores calls in the order in which they were made",
    check: async ({ open }) => {
      const sink = await open();
      const events: Event[] = [];
      const calls: Promise<unknown>[] = [];
      for (let n = 0; n < 60; n++) {
        const trace_id = uuid(n % TRACES);
        const next = samples(n % 5 === 0 ? 3 : 1, { trace_id });
        events.push(...next);
        if (next.length > 1) calls.push(sink.appendAll(next));
        else calls.push(sink.append(next[0]!));
        // Reads in between do not let an append overtake another.
        if (n % 9 === 0) calls.push(sink.count());
      }
      await Promise.all(calls);
      await assertLog(sink, events);
    },
  },
  {
    name: "resolves appends that overlap with the places that they have",
    check: async ({ open }) => {
      const sink = await open();
      const stored = await Promise.all(
        samples(50).map((event) => sink.append(event)),
      );
      assertSeqs(stored);
      assertEquals(await sink.query(), stored);
    },
  },
  {
    name:
      `keeps every chain whole under ${APPENDERS} appenders on ${TRACES} traces`,
    check: async ({ open }) => {
      const sink = await open();
      const appender = async (who: number): Promise<void> => {
        for (let n = 0; n < EACH; n++) {
          // Each moves from trace to trace, so that they meet on all of them.
          const trace_id = uuid(0x100 + (who + n) % TRACES);
          const source = `appender ${who}`;
          await sink.append(sample({ trace_id, source, payload: { n } }));
        }
      };
      await Promise.all(
        Array.from({ length: APPENDERS }, (_, who) => appender(who)),
      );
      const log = await sink.query();
      assertEquals(log.length, APPENDERS * EACH);
      assertEquals(new Set(ids(log)).size, log.length);
      await assertLog(sink, log.map(({ event }) => event));
      for (let who = 0; who < APPENDERS; who++) {
        const own = await sink.query({ source: `appender ${who}` });
        assertEquals(
          own.map(({ event }) => event.payload.n),
          Array.from({ length: EACH }, (_, n) => n),
        );
      }
    },
  },
  {
    name: "keeps a batch together while others append",
    check: async ({ open }) => {
      const sink = await open();
      const batches = Array.from(
        { length: 12 },
        (_, n) => samples(5, { source: `batch ${n}` }),
      );
      const singles = samples(12);
      const calls = batches.flatMap((batch, n) => [
        sink.appendAll(batch),
        sink.append(singles[n]!),
      ]);
      await Promise.all(calls);
      const expected = batches.flatMap((batch, n) => [...batch, singles[n]!]);
      await assertLog(sink, expected);
    },
  },
  {
    name: "shows a reader nothing but whole batches, in order, amid appends",
    check: async ({ open }) => {
      const sink = await open();
      const batches = Array.from({ length: 20 }, () => samples(4));
      const events = batches.flat();
      let done = false;
      const reader = async (): Promise<void> => {
        do {
          const log = await sink.query();
          assertEquals(log.length % 4, 0, "a part of a batch is seen");
          const expected = events.slice(0, log.length);
          assertEquals(ids(log), expected.map(({ event_id }) => event_id));
          await settle(1);
        } while (!done);
      };
      const reading = later(reader());
      for (const batch of batches) await sink.appendAll(batch);
      done = true;
      await reading;
      await assertLog(sink, events);
    },
  },
];
