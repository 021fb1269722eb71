// What a log is put through: writers, one who follows, readers.
import { createEvent, type EventSink } from "../../sinks/mod.ts";
import type { Meter } from "./meter.ts";

const WRITERS = 16;
/** How many events a reader goes back. */
const READ_BACK = 20_000;
const PAYLOAD_TEXT = "x".repeat(400);

/** A log under load. */
export interface LogLoad {
  readonly name: string;
  readonly sink: EventSink;
  readonly eventsPerS: number;
}

/** What a log was seen to do. */
export interface LogCounts {
  appended: number;
  followed: number;
  read: number;
}

/** Appends, follows and reads until it is called off; throws if anything is amiss. */
export async function runLog(
  { name, sink, eventsPerS }: LogLoad,
  meter: Meter,
  signal: AbortSignal,
): Promise<LogCounts> {
  const counts: LogCounts = { appended: 0, followed: 0, read: 0 };
  const over = new AbortController();
  const following = follow(name, sink, counts, over.signal);
  const others = read(sink, counts, signal);
  const everyMs = WRITERS / eventsPerS * 1000;
  const trace_ids = Array.from({ length: 4 }, () => crypto.randomUUID());
  const write = async (writer: number) => {
    const startMs = performance.now() + everyMs * writer / WRITERS;
    const task_id = crypto.randomUUID();
    for (let n = 0; !signal.aborted; n++) {
      const waitMs = startMs + n * everyMs - performance.now();
      if (waitMs > 0) await new Promise((done) => setTimeout(done, waitMs));
      // Traces come to an end, so that what is kept of each has to go.
      if (n % 200 === 0) trace_ids[writer % 4] = crypto.randomUUID();
      const event = createEvent({
        trace_id: trace_ids[writer % 4]!,
        task_id,
        type: "harness.model.responded",
        source: "soak",
        payload: { writer, n, text: PAYLOAD_TEXT },
      });
      const beforeMs = performance.now();
      await sink.append(event);
      meter.appended(performance.now() - beforeMs);
      counts.appended++;
    }
  };
  const writers = Array.from({ length: WRITERS }, (_, n) => write(n));
  await Promise.all([...writers, others]);
  // The one who follows has to have seen everything.
  while (counts.followed < counts.appended) {
    await Promise.race([
      following,
      new Promise((done) => setTimeout(done, 50)),
    ]);
  }
  over.abort();
  await following;
  return counts;
}

async function follow(
  name: string,
  sink: EventSink,
  counts: LogCounts,
  signal: AbortSignal,
): Promise<void> {
  let last = 0;
  try {
    for await (const { seq } of sink.stream({}, { follow: true, signal })) {
      if (seq !== last + 1) throw new Error(`${name}: ${seq} follows ${last}`);
      last = seq;
      counts.followed++;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function read(
  sink: EventSink,
  counts: LogCounts,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const afterSeq = Math.max(0, counts.appended - READ_BACK);
    for await (const _ of sink.stream({ source: "soak" }, { afterSeq })) {
      counts.read++;
      if (signal.aborted) break;
    }
    await sink.query({ type: "harness.model.responded" }, { limit: 50 });
    await new Promise((done) => setTimeout(done, 2_000));
  }
}
