import { assertEquals, assertNotEquals } from "@std/assert";
import { createHmac } from "node:crypto";
import {
  digestEvent,
  type Event,
  type EventSink,
  linkEvent,
} from "../../../sinks/mod.ts";
import type { EventSinkRule } from "./rule.ts";
import {
  assertCode,
  assertLog,
  MADE_UP_HASH,
  plain,
  sample,
  samples,
  SIGN_KEY,
  TRACE_B,
  uuid,
} from "./samples.ts";

function signature(hash: string, key: Uint8Array): string {
  return createHmac("sha256", key).update(hash).digest("hex");
}

/** A log of two traces, and the head of the first. */
async function withHead(sink: EventSink) {
  const events = [sample(), sample({ trace_id: TRACE_B }), sample()];
  const stored = await sink.appendAll(events);
  return { events, head: stored[2]!.event.hash! };
}

/** Chain fields that do not fit behind a head. */
const FORGERIES: Readonly<
  Record<string, (fresh: Event, head: string) => Partial<Event>>
> = {
  "a made-up hash": () => ({ hash: MADE_UP_HASH }),
  "a made-up hash behind the right head": (_, head) => ({
    hash: MADE_UP_HASH,
    prev_hash: head,
  }),
  "its hash as if it were the first": (fresh) => ({
    hash: digestEvent(fresh, null),
    prev_hash: null,
  }),
  "a prev_hash that is not the head": (fresh) => ({
    hash: digestEvent(fresh, MADE_UP_HASH),
    prev_hash: MADE_UP_HASH,
  }),
  "the right hash without its prev_hash": (fresh, head) => ({
    hash: digestEvent(fresh, head),
  }),
  "the right prev_hash without a hash": (_, head) => ({ prev_hash: head }),
  "a signature alone": () => ({ sig: MADE_UP_HASH }),
};

/** How events are linked. */
export const CHAIN: readonly EventSinkRule[] = [
  {
    name: "links each event to the one before in its trace",
    check: async ({ open }) => {
      const sink = await open();
      const [a1, b1, a2, b2] = await sink.appendAll([
        sample(),
        sample({ trace_id: TRACE_B }),
        sample(),
        sample({ trace_id: TRACE_B }),
      ]);
      assertEquals(a1!.event.prev_hash, null);
      assertEquals(b1!.event.prev_hash, null);
      assertEquals(a2!.event.prev_hash, a1!.event.hash);
      assertEquals(b2!.event.prev_hash, b1!.event.hash);
      const a3 = await sink.append(sample());
      assertEquals(a3.event.prev_hash, a2!.event.hash);
      assertEquals(a3.event.hash, digestEvent(a3.event, a2!.event.hash));
      assertEquals(a3.event.sig, null);
    },
  },
  {
    name: "accepts an event that is linked rightly already, and keeps its hash",
    check: async ({ open }) => {
      const sink = await open();
      const { events, head } = await withHead(sink);
      const linked = linkEvent(sample(), head);
      const stored = await sink.append(linked);
      assertEquals(stored.event, linked);
      const next = linkEvent(sample(), linked.hash);
      const other = linkEvent(sample({ trace_id: uuid(0xd) }), null);
      await sink.appendAll([next, other]);
      await assertLog(sink, [...events, linked, next, other]);
    },
  },
  ...Object.entries(FORGERIES).map(([what, forge]): EventSinkRule => ({
    name: `lesson 10: refuses an event that comes with ${what}`,
    check: async ({ open }) => {
      const sink = await open();
      const { events, head } = await withHead(sink);
      const fresh = plain(sample());
      const forged = { ...fresh, ...forge(fresh, head) };
      const error = await assertCode("broken_link", () => sink.append(forged));
      assertEquals(error.event_id, fresh.event_id);
      await sink.append(fresh);
      await assertLog(sink, [...events, fresh]);
    },
  })),
  {
    name: "lesson 10: refuses a made-up hash as the first of a trace",
    check: async ({ open }) => {
      const sink = await open();
      const forged = { ...plain(sample()), hash: MADE_UP_HASH };
      await assertCode("broken_link", () => sink.append(forged));
      await assertLog(sink, []);
    },
  },
  {
    name: "lesson 14: links rightly to traces not seen for 2,000 others",
    check: async ({ open }) => {
      const sink = await open();
      const traces = Array.from({ length: 2000 }, (_, n) => uuid(0x1000 + n));
      const round = () => traces.map((trace_id) => sample({ trace_id }));
      const [first, second] = [round(), round()];
      await sink.appendAll(first);
      await sink.appendAll(second);
      const last = sample({ trace_id: traces[0]! });
      const stored = await sink.append(last);
      assertNotEquals(stored.event.prev_hash, null);
      await assertLog(sink, [...first, ...second, last]);
    },
  },
  {
    name: "signs each hash when opened with a key",
    check: async ({ open }) => {
      const key = SIGN_KEY.slice();
      const sink = await open({ signKey: key });
      // The key is taken at open, too.
      key.fill(0);
      const stored = await sink.appendAll(samples(3));
      stored.push(await sink.append(sample()));
      for (const { event } of stored) {
        assertEquals(event.sig, signature(event.hash!, SIGN_KEY));
      }
      assertEquals(await sink.query(), stored);
    },
  },
  {
    name: "refuses a signature of another key, and keeps one of its own",
    check: async ({ open }) => {
      const sink = await open({ signKey: SIGN_KEY });
      const event = sample();
      const foreign = linkEvent(event, null, new Uint8Array(32));
      await assertCode("broken_link", () => sink.append(foreign));
      const own = linkEvent(event, null, SIGN_KEY);
      assertEquals((await sink.append(own)).event, own);
      const unsigned = linkEvent(sample(), own.hash);
      const { event: signed } = await sink.append(unsigned);
      assertEquals(signed.sig, signature(signed.hash!, SIGN_KEY));
      await assertLog(sink, [own, unsigned]);
    },
  },
  {
    name: "keeps a signature that an event came with when opened without a key",
    check: async ({ open }) => {
      const sink = await open();
      const signed = linkEvent(sample(), null, SIGN_KEY);
      assertEquals((await sink.append(signed)).event, signed);
      assertEquals((await sink.query())[0]!.event, signed);
    },
  },
];
