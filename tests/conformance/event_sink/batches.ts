import { assertEquals, assertRejects } from "@std/assert";
import type { Event } from "../../../sinks/mod.ts";
import type { EventSinkRule } from "./rule.ts";
import {
  assertCode,
  assertLog,
  MADE_UP_HASH,
  plain,
  sample,
  samples,
  TRACE_B,
} from "./samples.ts";

/** Events that spoil a batch, each with the code that says so. */
const SPOILERS = {
  duplicate_id: (taken: Event) => ({ ...plain(taken), source: "other" }),
  broken_link: () => ({ ...plain(sample()), hash: MADE_UP_HASH }),
  invalid_event: () => ({ ...plain(sample()), type: "neither" }),
} as const;

/** What `appendAll` does beyond what `append` does. */
export const BATCHES: readonly EventSinkRule[] = [
  {
    name: "stores a batch in its order, next to each other",
    check: async ({ open }) => {
      const sink = await open();
      const events = [
        ...samples(3),
        ...samples(3, { trace_id: TRACE_B }),
        ...samples(3),
      ];
      const stored = await sink.appendAll(events);
      assertEquals(await assertLog(sink, events), stored);
    },
  },
  {
    name: "stores nothing of an empty batch and returns an empty list",
    check: async ({ open }) => {
      const sink = await open();
      assertEquals(await sink.appendAll([]), []);
      assertEquals(await sink.appendAll(new Set<Event>()), []);
      await assertLog(sink, []);
    },
  },
  {
    name: "takes a batch from any iterable, and reads it once",
    check: async ({ open }) => {
      const sink = await open();
      const events = samples(4);
      let reads = 0;
      const once = {
        *[Symbol.iterator]() {
          reads++;
          yield* events;
        },
      };
      await sink.appendAll(once);
      assertEquals(reads, 1);
      await assertLog(sink, events);
    },
  },
  {
    name: "stores a batch of 3,000 events",
    check: async ({ open }) => {
      const sink = await open();
      const events = samples(3000);
      assertEquals((await sink.appendAll(events)).length, 3000);
      await assertLog(sink, events);
    },
  },
  ...Object.entries(SPOILERS).map(([code, spoil]): EventSinkRule => ({
    name: `stores none of a batch with ${code} in its middle`,
    check: async ({ open }) => {
      const sink = await open();
      const taken = sample();
      await sink.append(taken);
      const [before, after] = [samples(3), samples(3)];
      await assertCode(
        code as keyof typeof SPOILERS,
        () => sink.appendAll([...before, spoil(taken), ...after]),
      );
      await assertLog(sink, [taken]);
      // What was refused with it is not remembered either.
      await sink.appendAll([...after, ...before]);
      await assertLog(sink, [taken, ...after, ...before]);
    },
  })),
  {
    name: "stores none of a batch that holds two contents under one new id",
    check: async ({ open }) => {
      const sink = await open();
      const event = sample();
      const rival = { ...plain(event), source: "other" };
      await assertCode(
        "duplicate_id",
        () => sink.appendAll([sample(), event, rival]),
      );
      await assertLog(sink, []);
    },
  },
  {
    name: "stores none of a batch whose iterable throws, and passes that on",
    check: async ({ open }) => {
      const sink = await open();
      const reason = new Error("the caller's own");
      function* failing(): Iterable<Event> {
        yield* samples(3);
        throw reason;
      }
      const error = await assertRejects(() => sink.appendAll(failing()));
      assertEquals(error, reason);
      const after = sample();
      await sink.append(after);
      await assertLog(sink, [after]);
    },
  },
  {
    name: "goes on as before behind a refused append",
    check: async ({ open }) => {
      const sink = await open();
      const events = samples(4);
      await sink.append(events[0]!);
      const refused = { ...plain(sample()), hash: MADE_UP_HASH };
      const results = await Promise.allSettled([
        sink.append(events[1]!),
        sink.append(refused),
        sink.appendAll([sample(), refused]),
        sink.append(events[2]!),
      ]);
      assertEquals(
        results.map(({ status }) => status === "fulfilled"),
        [true, false, false, true],
      );
      await sink.append(events[3]!);
      await assertLog(sink, events);
    },
  },
];
