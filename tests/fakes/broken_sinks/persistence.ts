import {
  createEvent,
  MemorySink,
  type StoredEvent,
} from "../../../sinks/mod.ts";
import { type Breach, IN_MEMORY, Sound, unlinked } from "./breach.ts";

const ALL_BUT_SHARED = {
  ...IN_MEMORY,
  persistence: true,
};

/** The logs of {@linkcode forgetful}, which outlive a sink. */
const logs = new WeakMap<object, MemorySink>();

/** A sink on a log that outlives it, which forgets something when it closes. */
function reopened(
  change: (kept: StoredEvent[]) => Promise<MemorySink> | MemorySink,
): Breach["open"] {
  return async (log, options) => {
    const kept = await logs.get(log)?.query() ?? [];
    logs.get(log)?.close();
    const inner = kept.length === 0
      ? new MemorySink(options)
      : await change(kept);
    logs.set(log, inner);
    // Closing the sink leaves the log to be read.
    return Object.assign(new Sound(inner), { close: () => Promise.resolve() });
  };
}

/** Logs that are not what they were. */
export const PERSISTENCE: readonly Breach[] = [
  {
    what: "is empty when opened again",
    rule: "keeps the log, to the letter, when opened again",
    open: reopened(() => new MemorySink()),
    supports: ALL_BUT_SHARED,
  },
  {
    what: "loses its last event when opened again",
    rule: "keeps what it has accepted before close",
    open: reopened(async (kept) => {
      const sink = new MemorySink();
      await sink.appendAll(kept.slice(0, -1).map(({ event }) => event));
      return sink;
    }),
    supports: ALL_BUT_SHARED,
  },
  {
    what: "begins its chains anew when opened again",
    rule: "goes on with numbers and chains when opened again",
    open: reopened(async (kept) => {
      const sink = new MemorySink();
      await sink.appendAll(
        kept.map(({ event }) =>
          createEvent({ ...unlinked(event), trace_id: crypto.randomUUID() })
        ),
      );
      return sink;
    }),
    supports: ALL_BUT_SHARED,
  },
  {
    what: "knows no ids of before when opened again",
    rule: "lesson 4: knows stored ids when opened again",
    open: reopened(async (kept) => {
      const sink = new MemorySink();
      await sink.appendAll(
        kept.map(({ event }) =>
          createEvent({ ...unlinked(event), event_id: crypto.randomUUID() })
        ),
      );
      return sink;
    }),
    supports: ALL_BUT_SHARED,
  },
  {
    what: "drops signatures when opened without the key",
    rule: "keeps signatures when opened again, with and without the key",
    open: reopened(async (kept) => {
      const sink = new MemorySink();
      await sink.appendAll(kept.map(({ event }) => unlinked(event)));
      return sink;
    }),
    supports: ALL_BUT_SHARED,
  },
  {
    what: "finds late ctx fields in new events only",
    rule:
      "lesson 12: finds by a ctx field that was first named at a later open",
    open: reopened(() => new MemorySink({ ctxFields: ["try", "user"] })),
    supports: ALL_BUT_SHARED,
  },
  {
    what: "lets a second writer in that it does not declare",
    rule: "refuses a second open while the first is there, as it says",
    open: reopened(() => new MemorySink()),
    supports: ALL_BUT_SHARED,
  },
  {
    what: "forks a trace under two writers",
    rule: "lesson 1: does not fork a trace that two sinks append to",
    open: (_log, options) => new MemorySink(options),
    supports: { ...ALL_BUT_SHARED, sharedWriters: true },
  },
];
