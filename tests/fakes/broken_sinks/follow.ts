import { type Breach, breach } from "./breach.ts";

/** Following that loses, waits or leaks. */
export const FOLLOW: readonly Breach[] = [
  breach(
    "ends instead of following",
    "follows: gives what is there, then each later event, in order",
    ({ inner }) => ({
      stream: (filter, { follow: _, ...rest } = {}) =>
        inner.stream(filter, rest),
    }),
  ),
  breach(
    "follows only what comes later",
    "follows: gives what is there, then each later event, in order",
    ({ inner }) => ({
      async *stream(filter, options) {
        const afterSeq = (await inner.query()).length;
        yield* inner.stream(filter, { ...options, afterSeq });
      },
    }),
  ),
  breach(
    "forgets the filter at the end of the log",
    "follows: a filter and afterSeq hold for later events, too",
    ({ inner }) => ({
      async *stream(filter, options) {
        let afterSeq = options?.afterSeq ?? 0;
        for (const stored of await inner.query(filter, { afterSeq })) {
          yield stored;
          afterSeq = stored.seq;
        }
        yield* inner.stream({}, { ...options, afterSeq });
      },
    }),
  ),
  breach(
    "gives each event to one follower only",
    "follows: several at once each get every event once",
    ({ inner }) => {
      const given = new Set<number>();
      return {
        async *stream(filter, options) {
          for await (const stored of inner.stream(filter, options)) {
            if (given.has(stored.seq)) continue;
            given.add(stored.seq);
            yield stored;
          }
        },
      };
    },
  ),
  breach(
    "goes on waiting when it is closed",
    "follows: ends when the sink is closed, also while it waits",
    ({ inner }) => ({
      async *stream(filter, options) {
        yield* inner.stream(filter, options);
        if (options?.follow) await new Promise<never>(() => {});
      },
    }),
  ),
  breach(
    "looks at the signal only between events",
    "follows: throws the signal's reason while it waits, whatever it is",
    ({ inner }) => ({
      async *stream(filter, { signal, ...rest } = {}) {
        for await (const stored of inner.stream(filter, rest)) {
          signal?.throwIfAborted();
          yield stored;
        }
      },
    }),
  ),
  breach(
    "ends quietly on abort",
    "follows: throws the reason of a signal that was aborted before",
    ({ inner }) => ({
      async *stream(filter, options) {
        if (options?.signal?.aborted) return;
        yield* inner.stream(filter, options);
      },
    }),
  ),
  breach(
    "wraps the signal's reason",
    "follows: throws the signal's reason while it waits, whatever it is",
    ({ inner }) => ({
      async *stream(filter, options) {
        try {
          yield* inner.stream(filter, options);
        } catch (cause) {
          throw new Error("aborted", { cause });
        }
      },
    }),
  ),
  breach(
    "leaves a listener on the signal",
    "follows: leaves no listener on the signal, however it ends",
    ({ inner }) => ({
      stream: (filter, options) => {
        options?.signal?.addEventListener("abort", () => {});
        return inner.stream(filter, options);
      },
    }),
  ),
  breach(
    "misses what is appended between its read and its wait",
    "follows: loses nothing that is appended between its reads",
    ({ inner }) => ({
      async *stream(filter, { follow, ...rest } = {}) {
        let afterSeq = 0;
        do {
          const page = await inner.query(filter, { afterSeq });
          yield* page;
          afterSeq = await inner.count();
          if (!follow) return;
          const waiting = inner.stream({}, { ...rest, follow, afterSeq });
          const iterator = waiting[Symbol.asyncIterator]();
          const { done } = await iterator.next();
          if (done) return;
        } while (follow);
      },
    }),
  ),
];
