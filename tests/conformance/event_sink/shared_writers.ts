import { assertEquals } from "@std/assert";
import type { EventSinkRule } from "./rule.ts";
import {
  assertCode,
  assertLog,
  ids,
  later,
  plain,
  sample,
  samples,
  uuid,
} from "./samples.ts";

/** What holds when two open sinks append to one log. */
export const SHARED_WRITERS: readonly EventSinkRule[] = [
  {
    name: "lesson 1: does not fork a trace that two sinks append to",
    needs: "sharedWriters",
    check: async ({ open }) => {
      const sinks = [await open(), await open()];
      const events = samples(80);
      const writer = async (who: number): Promise<void> => {
        for (let n = who; n < events.length; n += 2) {
          await sinks[who]!.append(events[n]!);
        }
      };
      await Promise.all([writer(0), writer(1)]);
      const log = await sinks[0]!.query();
      assertEquals(
        ids(log).sort(),
        events.map(({ event_id }) => event_id).sort(),
      );
      const inOrder = log.map(({ event }) => event);
      for (const sink of sinks) await assertLog(sink, inOrder);
    },
  },
  {
    name: "lesson 1: keeps batches of two sinks whole on shared traces",
    needs: "sharedWriters",
    check: async ({ open }) => {
      const sinks = [await open(), await open()];
      const batches = Array.from(
        { length: 16 },
        (_, n) => samples(4, { source: `batch ${n}`, trace_id: uuid(n % 3) }),
      );
      await Promise.all(
        batches.map((batch, n) => sinks[n % 2]!.appendAll(batch)),
      );
      const log = await sinks[1]!.query();
      await assertLog(sinks[0]!, log.map(({ event }) => event));
      for (let at = 0; at < log.length; at += 4) {
        const sources = log.slice(at, at + 4).map(({ event }) => event.source);
        assertEquals(new Set(sources).size, 1, "a batch was torn");
      }
    },
  },
  {
    name: "lesson 4: gives both sinks the stored copy when one event races",
    needs: "sharedWriters",
    check: async ({ open }) => {
      const sinks = [await open(), await open()];
      const events = samples(10);
      for (const event of events) {
        const [a, b] = await Promise.all(
          sinks.map((sink) => sink.append(plain(event))),
        );
        assertEquals(a, b);
      }
      await assertLog(sinks[0]!, events);
    },
  },
  {
    name: "lesson 4: refuses the loser when two contents race for an id",
    needs: "sharedWriters",
    check: async ({ open }) => {
      const [left, right] = [await open(), await open()];
      const winners = [];
      for (let n = 0; n < 10; n++) {
        const event = sample({ payload: { from: "left" } });
        const rival = { ...plain(event), payload: { from: "right" } };
        const results = await Promise.allSettled([
          left.append(event),
          right.append(rival),
        ]);
        const stored = results.filter(({ status }) => status === "fulfilled");
        assertEquals(stored.length, 1, "one of the two is stored");
        const [won] = await left.query({ event_id: event.event_id });
        const loser = won!.event.payload.from === "left" ? rival : event;
        await assertCode("duplicate_id", () => left.append(loser));
        await assertCode("duplicate_id", () => right.append(loser));
        winners.push(won!.event);
      }
      await assertLog(right, winners);
    },
  },
  {
    name: "shows one sink what another has appended, also while it follows",
    needs: "sharedWriters",
    check: async ({ open, soon }) => {
      const [reader, writer] = [await open(), await open()];
      const events = samples(4);
      const first = await writer.append(events[0]!);
      assertEquals(await reader.query(), [first]);
      const iterator = reader.stream({}, { follow: true })[
        Symbol.asyncIterator
      ]();
      const { value } = await soon("the first event", iterator.next());
      assertEquals(value, first);
      for (const event of events.slice(1)) {
        const next = later(iterator.next());
        const stored = await writer.append(event);
        assertEquals((await soon("the next event", next)).value, stored);
      }
      await iterator.return?.();
      await assertLog(reader, events);
    },
  },
  {
    name: "goes on in one sink when the other is closed",
    needs: "sharedWriters",
    check: async ({ open }) => {
      const [left, right] = [await open(), await open()];
      const events = samples(4);
      await left.append(events[0]!);
      await right.append(events[1]!);
      await left.close();
      await right.append(events[2]!);
      const again = await open();
      await again.append(events[3]!);
      await assertLog(right, events);
      await assertLog(again, events);
    },
  },
];
