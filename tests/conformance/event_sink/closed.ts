import { assertEquals } from "@std/assert";
import type { EventSink } from "../../../sinks/mod.ts";
import type { EventSinkRule } from "./rule.ts";
import {
  assertCode,
  assertLog,
  drain,
  later,
  sample,
  samples,
  settle,
} from "./samples.ts";

/** Every call that a closed sink refuses. */
const CALLS: Readonly<Record<string, (sink: EventSink) => Promise<unknown>>> = {
  append: (sink) => sink.append(sample()),
  appendAll: (sink) => sink.appendAll(samples(2)),
  "appendAll of nothing": (sink) => sink.appendAll([]),
  query: (sink) => sink.query(),
  "query with limit 0": (sink) => sink.query({}, { limit: 0 }),
  stream: (sink) => drain(sink.stream()),
  "stream that follows": (sink) => drain(sink.stream({}, { follow: true })),
  count: (sink) => sink.count(),
};

/** What `close` does, and what holds after it. */
export const CLOSED: readonly EventSinkRule[] = [
  ...Object.entries(CALLS).map(([what, call]): EventSinkRule => ({
    name: `refuses ${what} once closed, and while closing`,
    check: async ({ open, soon }) => {
      const sink = await open();
      await sink.append(sample());
      const closing = later(sink.close());
      await soon("a refusal", assertCode("closed", () => call(sink)));
      await soon("close", closing);
      await soon("a refusal", assertCode("closed", () => call(sink)));
    },
  })),
  {
    name: "can be closed again, also while it closes, and by `await using`",
    check: async ({ open, soon }) => {
      const sink = await open();
      await sink.append(sample());
      const closes = Promise.all([sink.close(), sink.close()]);
      await soon("close", closes);
      await soon("close", sink.close());
      await soon("dispose", Promise.resolve(sink[Symbol.asyncDispose]()));
      const unused = await open();
      await soon("dispose", Promise.resolve(unused[Symbol.asyncDispose]()));
      await assertCode("closed", () => unused.count());
    },
  },
  {
    name: "waits in close for the appends that it has accepted",
    check: async ({ open, soon }) => {
      const sink = await open();
      const outcomes: unknown[] = [];
      for (const event of samples(20)) {
        sink.append(event).then(() => outcomes.push("stored"), (error) => {
          outcomes.push(error);
        });
      }
      sink.appendAll(samples(5)).then(
        () => outcomes.push("stored"),
        (error) => {
          outcomes.push(error);
        },
      );
      await soon("close", sink.close());
      // An append may tell its caller in the same turn as close does.
      await settle(1);
      assertEquals(outcomes, Array.from({ length: 21 }, () => "stored"));
    },
  },
  {
    name: "keeps what it has accepted before close",
    needs: "persistence",
    check: async ({ open, soon }) => {
      const sink = await open();
      const events = samples(25);
      const appends = later(Promise.all([
        ...events.slice(0, 20).map((event) => sink.append(event)),
        sink.appendAll(events.slice(20)),
      ]));
      await soon("close", sink.close());
      await appends;
      await assertLog(await open(), events);
    },
  },
  {
    name: "never ends a stream short without an error when closed amid it",
    check: async ({ open, soon }) => {
      const sink = await open();
      const stored = await sink.appendAll(samples(20));
      const seen: number[] = [];
      const pass = async () => {
        for await (const { seq } of sink.stream({}, { batchSize: 3 })) {
          seen.push(seq);
          if (seen.length === 4) await soon("close", sink.close());
        }
        assertEquals(seen, stored.map(({ seq }) => seq));
      };
      const ended = await soon(
        "the end of the stream",
        pass().then(() => undefined, (error: unknown) => ({ error })),
      );
      if (ended !== undefined) {
        await assertCode("closed", () => Promise.reject(ended.error));
      }
    },
  },
];
