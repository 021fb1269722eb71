import { assertEquals } from "@std/assert";
import { serializeEvent } from "../../../sinks/mod.ts";
import type { EventSinkRule } from "./rule.ts";
import {
  assertCode,
  assertFrozen,
  assertLog,
  assertSeqs,
  contentText,
  later,
  plain,
  sample,
  samples,
  TRACE_B,
} from "./samples.ts";

/** What one append does. */
export const APPENDING: readonly EventSinkRule[] = [
  {
    name: "begins with an empty log",
    check: async ({ open }) => {
      await assertLog(await open(), []);
    },
  },
  {
    name: "numbers events from 1, growing, across traces",
    check: async ({ open }) => {
      const sink = await open();
      const stored = [
        await sink.append(sample()),
        await sink.append(sample({ trace_id: TRACE_B })),
        await sink.append(sample()),
      ];
      assertSeqs(stored);
      assertEquals(await sink.query(), stored);
    },
  },
  {
    name: "returns from append the copy that query returns, frozen throughout",
    check: async ({ open }) => {
      const sink = await open();
      const event = sample({ payload: { deep: [{ a: [1, {}] }] } });
      const stored = await sink.append(event);
      assertEquals(contentText(stored.event), contentText(event));
      assertEquals(await sink.query(), [stored]);
      assertFrozen(stored, "what append returned");
      assertFrozen(await sink.query().then(([found]) => found), "a query's");
      const [copy] = await sink.appendAll([sample({ payload: { a: [] } })]);
      assertFrozen(copy, "what appendAll returned");
      for await (const streamed of sink.stream()) {
        assertFrozen(streamed, "a stream's");
      }
    },
  },
  {
    name: "shows an event to every read once its append has resolved",
    check: async ({ open }) => {
      const sink = await open();
      for (const [n, event] of samples(8).entries()) {
        const stored = await sink.append(event);
        const of = { event_id: event.event_id };
        assertEquals(await sink.count(), n + 1);
        assertEquals(await sink.query(of), [stored]);
        assertEquals(await Array.fromAsync(sink.stream(of)), [stored]);
      }
    },
  },
  {
    name: "leaves the caller's event as it was",
    check: async ({ open }) => {
      const sink = await open();
      const event = sample();
      const text = serializeEvent(event);
      await sink.append(event);
      assertEquals(serializeEvent(event), text);
      const object = plain(sample());
      const before = plain(object);
      await sink.append(object);
      assertEquals(object, before);
    },
  },
  {
    name:
      "lesson 15: takes the text at append, whatever the caller changes afterwards",
    check: async ({ open }) => {
      const sink = await open();
      const payload = { list: [1, { deep: "as given" }] };
      const event = { ...sample(), payload, source: "as given" };
      const text = contentText(sample({ ...event }));
      const pending = later(sink.append(event));
      event.source = "changed at once";
      payload.list[0] = 2;
      const { event: stored } = await pending;
      (payload.list[1] as { deep: string }).deep = "changed later";
      assertEquals(contentText(stored), text);
      const batch = [{ ...sample(), payload: { n: 1 } }];
      const all = later(sink.appendAll(batch));
      batch[0]!.payload.n = 2;
      batch.push({ ...sample(), payload: { n: 3 } });
      assertEquals((await all).map(({ event }) => event.payload), [{ n: 1 }]);
      await assertLog(sink, [event, batch[0]!]);
      const [found] = await sink.query({}, { limit: 1 });
      assertEquals(contentText(found!.event), text);
    },
  },
  {
    name: "accepts an event that came from a worker or a file, and checks it",
    check: async ({ open }) => {
      const sink = await open();
      const event = sample({ payload: { a: 1 } });
      const stored = await sink.append(plain(event));
      assertEquals(contentText(stored.event), contentText(event));
      const cut = { ...event, type: undefined as unknown as string };
      await assertCode("invalid_event", () => sink.append(cut));
      await assertLog(sink, [event]);
    },
  },
];
