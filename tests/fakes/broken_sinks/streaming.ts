import { SinkError } from "../../../sinks/mod.ts";
import { type Breach, breach } from "./breach.ts";

/** Streams that lose, repeat or linger. */
export const STREAMING: readonly Breach[] = [
  breach(
    "streams one batch",
    "streams the same whatever the batch size",
    ({ inner }) => ({
      async *stream(filter, { batchSize = 512, afterSeq = 0 } = {}) {
        yield* await inner.query(filter, { limit: batchSize, afterSeq });
      },
    }),
  ),
  breach(
    "turns batch size 0 into the default",
    "lesson 12: refuses a batch size that is 0, no count, or above 10,000",
    ({ inner }) => ({
      stream: (filter, { batchSize, ...rest } = {}) =>
        inner.stream(filter, batchSize ? { ...rest, batchSize } : rest),
    }),
  ),
  breach(
    "pages by offset through what grows at its front",
    "ends at the end of the log while events are being appended",
    ({ inner }) => ({
      async *stream(filter) {
        for (let n = 0;; n++) {
          const log = (await inner.query(filter)).reverse();
          if (n >= log.length) return;
          yield log[n]!;
        }
      },
    }),
  ),
  breach(
    "shares one place in the log among its streams",
    "serves two streams at once, each at its own pace",
    ({ inner }) => {
      let afterSeq = 0;
      return {
        async *stream() {
          while (true) {
            const [next] = await inner.query({}, { limit: 1, afterSeq });
            if (next === undefined) return;
            afterSeq = next.seq;
            yield next;
          }
        },
      };
    },
  ),
  breach(
    "holds a lock while a stream is open",
    "can be read from, counted and appended to from within a stream",
    ({ inner }) => {
      let free = Promise.resolve();
      return {
        append: async (event) => {
          await free;
          return await inner.append(event);
        },
        async *stream(filter, options) {
          const { promise, resolve } = Promise.withResolvers<void>();
          free = promise;
          try {
            yield* inner.stream(filter, options);
          } finally {
            resolve();
          }
        },
      };
    },
  ),
  breach(
    "keeps its lock when a stream is left",
    "can be left early, and the sink goes on",
    ({ inner }) => {
      let streams = 0;
      return {
        append: (event) =>
          streams > 0
            ? Promise.reject(new SinkError("locked", "A stream is open"))
            : inner.append(event),
        async *stream(filter, options) {
          streams++;
          for await (const stored of inner.stream(filter, options)) {
            yield stored;
          }
          streams--;
        },
      };
    },
  ),
  breach(
    "does not look at the signal",
    "ends with the signal's reason, before the first event and amid them",
    ({ inner }) => ({
      stream: (filter, { signal: _, ...rest } = {}) =>
        inner.stream(filter, rest),
    }),
  ),
];
