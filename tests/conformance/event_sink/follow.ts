import { CountedSignal } from "../_counted_signal.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { StoredEvent } from "../../../sinks/mod.ts";
import type { EventSinkRule } from "./rule.ts";
import { drain, later, sample, samples, settle, TRACE_B } from "./samples.ts";

function iterate(stream: AsyncIterable<StoredEvent>) {
  return stream[Symbol.asyncIterator]();
}

/** What a stream that follows gives. */
export const FOLLOW: readonly EventSinkRule[] = [
  {
    name: "follows: gives what is there, then each later event, in order",
    check: async ({ open, soon }) => {
      const sink = await open();
      const before = await sink.appendAll(samples(7));
      const iterator = iterate(
        sink.stream({}, { follow: true, batchSize: 3 }),
      );
      for (const stored of before) {
        const { value } = await soon("an event from before", iterator.next());
        assertEquals(value, stored);
      }
      for (let n = 0; n < 5; n++) {
        const next = later(iterator.next());
        const stored = await sink.append(sample());
        assertEquals((await soon("a later event", next)).value, stored);
      }
      const batch = await sink.appendAll(samples(8));
      for (const stored of batch) {
        const { value } = await soon("an event of a batch", iterator.next());
        assertEquals(value, stored);
      }
      await iterator.return?.();
    },
  },
  {
    name:
      "follows: waits at the end of an empty log, and gives the first event",
    check: async ({ open, soon }) => {
      const sink = await open();
      const iterator = iterate(sink.stream({}, { follow: true }));
      const next = later(iterator.next());
      await settle();
      const stored = await sink.append(sample());
      assertEquals((await soon("the first event", next)).value, stored);
      await iterator.return?.();
    },
  },
  {
    name: "follows: a filter and afterSeq hold for later events, too",
    check: async ({ open, soon }) => {
      const sink = await open();
      const before = await sink.appendAll([
        sample({ trace_id: TRACE_B }),
        sample({ trace_id: TRACE_B }),
      ]);
      const afterSeq = before[0]!.seq;
      const iterator = iterate(
        sink.stream({ trace_id: TRACE_B }, { follow: true, afterSeq }),
      );
      const { value } = await soon("the second event", iterator.next());
      assertEquals(value, before[1]);
      const next = later(iterator.next());
      await sink.appendAll(samples(3));
      const stored = await sink.append(sample({ trace_id: TRACE_B }));
      assertEquals((await soon("the matching event", next)).value, stored);
      await iterator.return?.();
    },
  },
  {
    name: "follows: several at once each get every event once",
    check: async ({ open, soon }) => {
      const sink = await open();
      const total = 60;
      const follow = async (batchSize: number) => {
        const seen: StoredEvent[] = [];
        const options = { follow: true, batchSize };
        for await (const stored of sink.stream({}, options)) {
          if (seen.push(stored) === total) break;
        }
        return seen;
      };
      const followers = later(Promise.all([1, 7, 512].map(follow)));
      for (const event of samples(total / 2)) await sink.append(event);
      await Promise.all(samples(total / 2).map((event) => sink.append(event)));
      const log = await sink.query();
      for (const seen of await soon("all", followers)) {
        assertEquals(seen, log);
      }
    },
  },
  {
    name: "follows: ends when the sink is closed, also while it waits",
    check: async ({ open, soon }) => {
      const sink = await open();
      const stored = await sink.appendAll(samples(3));
      const seen: StoredEvent[] = [];
      const caughtUp = Promise.withResolvers<void>();
      const follow = async () => {
        for await (const event of sink.stream({}, { follow: true })) {
          if (seen.push(event) === stored.length) caughtUp.resolve();
        }
      };
      const ended = later(follow());
      await soon("catching up", caughtUp.promise);
      await settle();
      await soon("close", sink.close());
      await soon("the end of the stream", ended);
      assertEquals(seen, stored);
    },
  },
  {
    name: "follows: throws the reason of a signal that was aborted before",
    check: async ({ open, soon }) => {
      const sink = await open();
      await sink.append(sample());
      const reason = new Error("too late");
      const signal = AbortSignal.abort(reason);
      const error = await assertRejects(() =>
        soon("the error", drain(sink.stream({}, { follow: true, signal })))
      );
      assertEquals(error, reason);
    },
  },
  {
    name: "follows: throws the signal's reason while it waits, whatever it is",
    check: async ({ open, soon }) => {
      const sink = await open();
      const stored = await sink.append(sample());
      for (const reason of [new Error("enough"), "text", { code: 7 }]) {
        const counted = new CountedSignal();
        const { signal } = counted;
        const iterator = iterate(sink.stream({}, { follow: true, signal }));
        const first = await soon("the first event", iterator.next());
        assertEquals(first.value, stored);
        const next = later(iterator.next());
        await settle();
        counted.abort(reason);
        const thrown = await soon(
          "the end",
          next.then(() => "an event", (error: unknown) => ({ error })),
        );
        assertEquals(thrown, { error: reason });
        const { done } = await soon("a call after the end", iterator.next());
        assertEquals(done, true);
      }
      await sink.append(sample());
    },
  },
  {
    name: "follows: leaves no listener on the signal, however it ends",
    check: async ({ open, soon }) => {
      const sink = await open();
      await sink.appendAll(samples(2));
      const counted = new CountedSignal();
      const { signal } = counted;
      const options = { follow: true, signal };
      // Many rounds of waiting add up to no more than one.
      const iterator = iterate(sink.stream({}, options));
      await soon("the first event", iterator.next());
      await soon("the second event", iterator.next());
      for (let n = 0; n < 8; n++) {
        const next = later(iterator.next());
        await settle(2);
        await sink.append(sample());
        await soon("the next event", next);
        assert(counted.listeners <= 1, `${counted.listeners} listeners`);
      }
      await iterator.return?.();
      assertEquals(counted.listeners, 0, "after leaving the loop");
      for await (const _ of sink.stream({}, options)) break;
      assertEquals(counted.listeners, 0, "after leaving at once");
      await drain(sink.stream({}, { signal }));
      assertEquals(counted.listeners, 0, "after a stream to the end");
      const ended = later(drain(sink.stream({}, options)));
      await settle();
      await soon("close", sink.close());
      await soon("the end of the stream", ended);
      assertEquals(counted.listeners, 0, "after close");
    },
  },
  {
    name: "follows: loses nothing that is appended between its reads",
    check: async ({ open, soon }) => {
      const sink = await open();
      const total = 40;
      const stream = sink.stream({}, { follow: true, batchSize: 2 });
      const seen: StoredEvent[] = [];
      const follow = async () => {
        for await (const stored of stream) {
          seen.push(stored);
          if (seen.length === total) break;
          if (seen.length % 4 === 0) await settle(1);
        }
      };
      const ended = later(follow());
      for (let n = 0; n < total; n++) {
        await sink.append(sample());
        if (n % 7 === 0) await settle(1);
      }
      await soon("every event", ended);
      assertEquals(seen, await sink.query());
    },
  },
];
