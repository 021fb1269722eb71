// What the tests of copying share: sinks of every kind, and logs that are hard
// to copy.
import { assertEquals, assertRejects } from "@std/assert";
import { ManagedAesGcmCodec } from "../../codec/mod.ts";
import {
  copyLog,
  type CopyLogOptions,
  type CopyReport,
  type Event,
  type EventSink,
  MemorySink,
  parseEvent,
  serializeEvent,
  SinkError,
  type SinkErrorCode,
  SqliteSink,
  type StoredEvent,
} from "../../sinks/mod.ts";
import { JsonlSink, type JsonlSinkOptions } from "../../sinks/jsonl_sink.ts";
import { Sound } from "../fakes/broken_sinks/breach.ts";
import { event } from "./_chains.ts";

/** Opens a sink whose log, if it is a file, has this path. */
export type Open = (path: string) => Promise<EventSink> | EventSink;

/** Rotated at nearly every append, and of what was rotated it knows no id. */
export const FORGETFUL: JsonlSinkOptions = {
  maxBytes: 600,
  rememberedParts: 0,
};

/** Sinks of every kind. */
export const KINDS: Readonly<Record<string, Open>> = {
  "MemorySink": () => new MemorySink(),
  "JsonlSink": (path) => new JsonlSink(path),
  "JsonlSink, forgetful": (path) => new JsonlSink(path, FORGETFUL),
  "SqliteSink": (path) => SqliteSink.open(path, { driver: "builtin" }),
  "SqliteSink, encrypted": (path) =>
    SqliteSink.open(path, {
      driver: "builtin",
      codec: new ManagedAesGcmCodec({
        currentKeyId: "k",
        key: () => new Uint8Array(32).fill(9),
      }),
    }),
};

/** Runs a test with a folder of its own, and removes it. */
export async function withFolder(
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Everything of a log that a copy must keep. */
export async function textsOf(sink: EventSink): Promise<string[]> {
  const stored = await Array.fromAsync(sink.stream());
  return stored.map(({ event }) => serializeEvent(event));
}

/** A text without chain fields, as events from before the chain have it. */
export function unlinkedText(text: string): string {
  return text.replace(
    /"prev_hash":[^,]*,"hash":[^,]*,"sig":[^,}]*\}$/,
    '"prev_hash":null,"hash":null,"sig":null}',
  );
}

/** An event with numbers as only other languages write them. */
export function foreignEvent(trace: number): Event {
  const numbers =
    '{"one":1.0,"zero":-0.0,"big":123456789012345678901234567890,' +
    '"tiny":1e-07,"list":[0.10,[2.0]],"text":"\\u0000 \u{1f600}"}';
  const text = serializeEvent(event(trace, { payload: {} }));
  return parseEvent(text.replace('"payload":{}', `"payload":${numbers}`));
}

/** Traces side by side, with foreign numbers and parents among the events. */
export function someEvents(traces: number, length: number): Event[] {
  let parent_id: string | null = null;
  return Array.from({ length: traces * length }, (_, i) => {
    const trace = i % traces;
    if (i % 5 === 3) return foreignEvent(trace);
    const payload = { i, ctx: { user: `ä${i}` }, text: "\u2028\ud83d\ude00" };
    const made = event(trace, { payload, parent_id, source: "" });
    parent_id = made.event_id;
    return made;
  });
}

/** A source whose log is whatever a test wants it to be. */
export class FakeLog extends Sound {
  readonly log: StoredEvent[];

  constructor(events: readonly Event[]) {
    super(new MemorySink());
    this.log = events.map((event, i) => ({ seq: i + 1, event }));
  }

  override async *stream(
    ...[filter, { afterSeq = 0, signal } = {}]: Parameters<EventSink["stream"]>
  ): AsyncGenerator<StoredEvent, void, undefined> {
    for (const stored of this.log) {
      signal?.throwIfAborted();
      const { trace_id = stored.event.trace_id } = filter ?? {};
      if (stored.event.trace_id !== trace_id) continue;
      if (stored.seq > afterSeq) yield stored;
    }
  }

  override async query(
    ...[filter, { afterSeq = 0, limit = Infinity } = {}]: Parameters<
      EventSink["query"]
    >
  ): Promise<StoredEvent[]> {
    const found = await Array.fromAsync(this.stream(filter, { afterSeq }));
    return found.slice(0, limit);
  }
}

/** A sink that writes down what is asked of it. */
export class Spy extends Sound {
  /** The ids of each appendAll. */
  readonly batches: string[][] = [];
  /** How often traces were looked up. */
  lookups = 0;
  /** How often the whole log was streamed. */
  scans = 0;

  override appendAll(events: Iterable<Event>): Promise<StoredEvent[]> {
    const batch = [...events];
    this.batches.push(batch.map(({ event_id }) => event_id));
    return this.inner.appendAll(batch);
  }

  override stream(
    ...[filter, options]: Parameters<EventSink["stream"]>
  ): AsyncIterable<StoredEvent> {
    if (filter?.trace_id === undefined) this.scans++;
    else this.lookups++;
    return this.inner.stream(filter, options);
  }
}

/** Asserts that a copy stops with this code, and returns the error. */
export async function stops(
  from: EventSink,
  to: EventSink,
  code: SinkErrorCode,
  includes: string,
  options?: CopyLogOptions,
): Promise<SinkError> {
  const error = await assertRejects(
    () => copyLog(from, to, options),
    SinkError,
    includes,
  );
  assertEquals(error.code, code, error.message);
  return error;
}

/** The counts of a report: events, copied, present, linked, moved. */
export function counts(report: CopyReport): number[] {
  const { events, copied, present, linked, moved } = report;
  return [events, copied, present, linked, moved];
}
