import { assertEquals } from "@std/assert";
import { parseEvent, serializeEvent } from "../../../sinks/mod.ts";
import type { EventSinkRule } from "./rule.ts";
import {
  assertCode,
  assertLog,
  MADE_UP_HASH,
  plain,
  sample,
  TRACE_B,
  uuid,
} from "./samples.ts";

/** What happens when an `event_id` comes a second time. */
export const IDEMPOTENCE: readonly EventSinkRule[] = [
  {
    name: "lesson 4: returns the stored copy when an event comes again",
    check: async ({ open }) => {
      const sink = await open();
      const [first, second] = [sample({ payload: { a: 1 } }), sample()];
      const stored = await sink.append(first);
      await sink.append(second);
      assertEquals(await sink.append(first), stored);
      assertEquals(await sink.append(plain(first)), stored);
      await assertLog(sink, [first, second]);
    },
  },
  {
    name: "returns the stored copy when that copy itself comes again",
    check: async ({ open }) => {
      const sink = await open();
      const events = [sample(), sample()];
      const [stored] = await sink.appendAll(events);
      assertEquals(await sink.append(stored!.event), stored);
      assertEquals(await sink.append(plain(stored!.event)), stored);
      const read = parseEvent(serializeEvent(stored!.event));
      assertEquals(await sink.append(read), stored);
      await assertLog(sink, events);
    },
  },
  {
    name: "takes an event with its payload's keys in other order for the same",
    check: async ({ open }) => {
      const sink = await open();
      const event = sample({ payload: { a: 1, b: { c: 2, d: 3 } } });
      const stored = await sink.append(event);
      const turned = { ...event, payload: { b: { d: 3, c: 2 }, a: 1 } };
      assertEquals(await sink.append(turned), stored);
      assertEquals(serializeEvent(stored.event).includes('{"a":1,"b"'), true);
      await assertLog(sink, [event]);
    },
  },
  {
    name: "takes an id in another spelling for the same",
    check: async ({ open }) => {
      const sink = await open();
      const event = sample({ event_id: uuid(0xabcdef) });
      const stored = await sink.append(event);
      const { event_id } = event;
      for (
        const spelling of [
          event_id.toUpperCase(),
          event_id.replaceAll("-", ""),
          `{${event_id}}`,
          `urn:uuid:${event_id}`,
        ]
      ) {
        const again = { ...plain(event), event_id: spelling };
        assertEquals(await sink.append(again), stored);
      }
      await assertLog(sink, [event]);
    },
  },
  {
    name: "stores one copy when an event is appended many times at once",
    check: async ({ open }) => {
      const sink = await open();
      const event = sample();
      const all = await Promise.all(
        Array.from({ length: 16 }, () => sink.append(plain(event))),
      );
      for (const stored of all) assertEquals(stored, all[0]);
      await assertLog(sink, [event]);
    },
  },
  {
    name: "stores one copy when an event comes twice in one batch",
    check: async ({ open }) => {
      const sink = await open();
      const [event, other] = [sample(), sample()];
      const [a, b, c, d] = await sink.appendAll([event, other, event, other]);
      assertEquals([c, d], [a, b]);
      await assertLog(sink, [event, other]);
    },
  },
  {
    name: "returns stored copies from a batch that was stored in part before",
    check: async ({ open }) => {
      const sink = await open();
      const events = [sample(), sample(), sample()];
      const stored = await sink.append(events[1]!);
      const all = await sink.appendAll(events);
      assertEquals(all[1], stored);
      await assertLog(sink, [events[1]!, events[0]!, events[2]!]);
    },
  },
  {
    name: "lesson 4: refuses other content under an id, and stores nothing",
    check: async ({ open }) => {
      const sink = await open();
      const event = sample({ payload: { n: 1 } });
      const [stored] = await sink.appendAll([event, sample()]);
      const { event_id } = event;
      for (
        const change of [
          { payload: { n: 2 } },
          { payload: { n: "1" } },
          { payload: {} },
          { type: "harness.other" },
          { source: "other" },
          { ts: "2024-01-02T03:04:06Z" },
          { trace_id: TRACE_B },
          { task_id: TRACE_B },
          { parent_id: event_id },
          { schema_version: 2 },
        ]
      ) {
        const other = { ...plain(event), ...change };
        const error = await assertCode(
          "duplicate_id",
          () => sink.append(other),
        );
        assertEquals(error.event_id, event_id);
        await assertCode("duplicate_id", () => sink.appendAll([other]));
      }
      assertEquals(await sink.count(), 2);
      assertEquals(await sink.query({ event_id }), [stored]);
      assertEquals(await sink.append(event), stored);
    },
  },
  {
    name: "tells 1.0 from 1 when an id comes again",
    check: async ({ open }) => {
      const sink = await open();
      const event = sample({ payload: { n: 1 } });
      await sink.append(event);
      const text = serializeEvent(event).replace('{"n":1}', '{"n":1.0}');
      await assertCode("duplicate_id", () => sink.append(parseEvent(text)));
      await assertLog(sink, [event]);
    },
  },
  {
    name:
      "refuses a stored event that comes again with chain fields not its own",
    check: async ({ open }) => {
      const sink = await open();
      const events = [sample(), sample()];
      const [, { event }] = await sink.appendAll(events) as [
        unknown,
        { event: typeof events[number] },
      ];
      for (const field of ["hash", "prev_hash", "sig"]) {
        const forged = { ...plain(event), [field]: MADE_UP_HASH };
        await assertCode("duplicate_id", () => sink.append(forged));
      }
      await assertLog(sink, events);
    },
  },
  {
    name:
      "lets one of two contents that race for an id win, and refuses the other",
    check: async ({ open }) => {
      const sink = await open();
      const event = sample({ payload: { n: 1 } });
      const rival = { ...plain(event), payload: { n: 2 } };
      const [first, second] = await Promise.allSettled([
        sink.append(event),
        sink.append(rival),
      ]);
      assertEquals(first.status, "fulfilled");
      assertEquals(second.status, "rejected");
      await assertCode("duplicate_id", () => sink.append(rival));
      const [found] = await assertLog(sink, [event]);
      assertEquals(found!.event.payload, { n: 1 });
    },
  },
];
