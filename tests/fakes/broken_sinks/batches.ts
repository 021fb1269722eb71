import {
  createEvent,
  type Event,
  MemorySink,
  SinkError,
} from "../../../sinks/mod.ts";
import {
  type Breach,
  breach,
  IN_MEMORY,
  Sound,
  turns,
  unlinked,
} from "./breach.ts";

/** Batches and chains that come apart. */
export const BATCHES: readonly Breach[] = [
  ...["duplicate_id", "broken_link", "invalid_event"].map((code) =>
    breach(
      `stores a batch one by one, up to ${code}`,
      `stores none of a batch with ${code} in its middle`,
      ({ inner }) => ({
        appendAll: async (events) => {
          const stored = [];
          for (const event of events) stored.push(await inner.append(event));
          return stored;
        },
      }),
    )
  ),
  breach(
    "appends each event of an iterable as it comes",
    "stores none of a batch whose iterable throws, and passes that on",
    ({ inner }) => ({
      appendAll: async (events) => {
        const calls = [];
        for (const event of events) calls.push(inner.append(event));
        return await Promise.all(calls);
      },
    }),
  ),
  breach(
    "reads the iterable of a batch twice",
    "takes a batch from any iterable, and reads it once",
    ({ inner }) => ({
      appendAll: (events) => {
        for (const event of events) createEvent(event);
        return inner.appendAll(events);
      },
    }),
  ),
  breach(
    "lets a batch be torn by others",
    "keeps a batch together while others append",
    ({ inner }) => ({
      appendAll: async (events) => {
        const stored = [];
        for (const event of events) stored.push(await inner.append(event));
        return stored;
      },
    }),
  ),
  breach(
    "lets short appends overtake",
    "stores calls in the order in which they were made",
    ({ inner }) => ({
      append: async (event) => {
        if (event.payload.n === 0) await turns(30);
        return await inner.append(event);
      },
    }),
  ),
  breach(
    "breaks off at the first refused append",
    "goes on as before behind a refused append",
    ({ inner }) => {
      let failed: unknown;
      return {
        append: async (event) => {
          if (failed !== undefined) throw failed;
          try {
            return await inner.append(event);
          } catch (error) {
            failed = error;
            throw error;
          }
        },
      };
    },
  ),
  breach(
    "keeps one chain for all traces",
    "links each event to the one before in its trace",
    ({ inner }) => {
      const trace_id = crypto.randomUUID();
      const one = (event: Event) => createEvent({ ...event, trace_id });
      return {
        append: (event) => inner.append(one(event)),
        appendAll: (events) => inner.appendAll(Array.from(events, one)),
      };
    },
  ),
  breach(
    "links anew an event that is linked wrongly",
    "lesson 10: refuses an event that comes with a made-up hash",
    ({ inner }) => ({ append: (event) => inner.append(unlinked(event)) }),
  ),
  breach(
    "trusts the hash of the first of a trace",
    "lesson 10: refuses a made-up hash as the first of a trace",
    ({ inner }) => ({
      append: async (event) =>
        await inner.count() === 0
          ? await inner.append(unlinked(event))
          : await inner.append(event),
    }),
  ),
  breach(
    "refuses every event that is linked already",
    "accepts an event that is linked rightly already, and keeps its hash",
    ({ inner }) => ({
      append: (event) =>
        event.hash === null ? inner.append(event) : Promise.reject(
          new SinkError("broken_link", "it is linked already"),
        ),
    }),
  ),
  {
    what: "does not sign",
    rule: "signs each hash when opened with a key",
    open: (_log, { ctxFields = [] }) => new MemorySink({ ctxFields }),
    supports: IN_MEMORY,
  },
  {
    what: "keeps the caller's key, not a copy",
    rule: "signs each hash when opened with a key",
    open: (_log, { signKey }) => {
      // Made when first appended to, of what the key is by then.
      let late: MemorySink | undefined;
      const sink = new Sound(new MemorySink());
      sink.appendAll = (events) =>
        (late ??= new MemorySink(signKey && { signKey })).appendAll(events);
      return sink;
    },
    supports: IN_MEMORY,
  },
];
