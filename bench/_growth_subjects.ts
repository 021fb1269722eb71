// Logs that grow: SqliteSink, JsonlSink, and the bare driver, each asked at some
// sizes how fast it is by then.
import {
  type Event,
  type EventSink,
  JsonlSink,
  SqliteSink,
} from "../sinks/mod.ts";
import { timed } from "./_docker_rounds.ts";
import { append, EVENT_BYTES, makeEvents, median, rate } from "./_load.ts";
import { blobLike, openRaw } from "./_raw_sqlite.ts";
import { folderBytes } from "./_size.ts";

const APPENDERS = 64;
/** Events that are made at once. */
const PART = 10_000;
/** Over how many of the last parts appending is measured, at most. */
const PARTS_MEASURED = 10;
/** How many looks a latency is the median of. */
const LOOKS = 30;
const LOOKS_WHERE_LINES_ARE_READ = 1;
const PAGE = 100;

/** What is known of a log at one size. */
export interface Growth {
  /** Events a second, over the last stretch before this size. */
  readonly appendPerSec: number;
  readonly bytesPerEvent: number;
  /** Milliseconds for one event by its id. */
  readonly byIdMs: number;
  /** Milliseconds for the first hundred events of a trace. */
  readonly byTraceMs: number;
  /** Milliseconds until a stream from the log's middle gives its first event. */
  readonly streamMs: number;
}

/** A log that grows. */
export interface Growing {
  /** Appends events until there are so many, and looks. */
  growTo(total: number): Promise<Growth>;
  close(): Promise<void>;
}

/** Appends parts until there are so many; keeps one event in each. */
async function grow(
  from: number,
  total: number,
  write: (events: Event[]) => unknown,
): Promise<{ perSec: number; samples: Event[] }> {
  const rates: number[] = [];
  const samples: Event[] = [];
  for (let at = from; at < total; at += PART) {
    const count = Math.min(PART, total - at);
    const traces = Array.from({ length: 16 }, () => crypto.randomUUID());
    const events = makeEvents(count, traces);
    samples.push(events[count >> 1]!);
    rates.push(await rate(count, () => write(events)));
  }
  return { perSec: median(rates.slice(-PARTS_MEASURED)), samples };
}

/** The median time of some looks, each at another place. */
async function look(
  looks: number,
  places: readonly Event[],
  at: (event: Event) => unknown,
  before?: (event: Event) => unknown,
): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < looks; n++) {
    const place = places[Math.floor((n + 0.5) / looks * places.length)]!;
    await before?.(place);
    times.push((await timed(async () => await at(place))).ms);
  }
  return median(times);
}

function growingSink(dir: string, sink: EventSink, looks: number): Growing {
  let size = 0;
  const places: Event[] = [];
  return {
    async growTo(total) {
      const write = (events: Event[]) => append(sink, events, APPENDERS);
      const { perSec, samples } = await grow(size, total, write);
      places.push(...samples);
      size = total;
      const stored = await sink.query({ event_id: places[0]!.event_id });
      if (stored.length !== 1) throw new Error("an event is not found");
      return {
        appendPerSec: perSec,
        bytesPerEvent: await folderBytes(dir) / total,
        byIdMs: await look(
          looks,
          places,
          ({ event_id }) => sink.query({ event_id }, { limit: 1 }),
        ),
        byTraceMs: await look(
          looks,
          places,
          ({ trace_id }) => sink.query({ trace_id }, { limit: PAGE }),
        ),
        streamMs: await look(
          LOOKS,
          places,
          async () => {
            const afterSeq = size >> 1;
            for await (const _ of sink.stream({}, { afterSeq })) break;
          },
          // The page that a stream has fetched ahead must not hold up the next.
          ({ event_id }) => sink.count({ event_id }),
        ),
      };
    },
    close: () => sink.close(),
  };
}

/** SqliteSink, on the builtin driver. */
export async function growingSqlite(dir: string): Promise<Growing> {
  const path = `${dir}/log.db`;
  const sink = await SqliteSink.open(path, { driver: "builtin" });
  return growingSink(dir, sink, LOOKS);
}

/** JsonlSink, which has no index: a filter reads every line. */
export function growingJsonl(dir: string): Growing {
  const sink = new JsonlSink(`${dir}/log.jsonl`);
  return growingSink(dir, sink, LOOKS_WHERE_LINES_ARE_READ);
}

/** The bare driver with the sink's schema, 64 rows to a transaction. */
export async function growingRaw(dir: string): Promise<Growing> {
  const db = await openRaw("builtin", `${dir}/raw.db`);
  const blob = blobLike(makeEvents(1)[0]!, EVENT_BYTES);
  let size = 0;
  const places: Event[] = [];
  const find = (where: string, ...params: (string | number)[]) =>
    db.find(where, PAGE, ...params);
  return {
    async growTo(total) {
      const write = (events: Event[]) => db.insert(events, APPENDERS, blob);
      const { perSec, samples } = await grow(size, total, write);
      places.push(...samples);
      size = total;
      return {
        appendPerSec: perSec,
        bytesPerEvent: await folderBytes(dir) / total,
        byIdMs: await look(
          LOOKS,
          places,
          ({ event_id }) => find("event_id = ?", event_id),
        ),
        byTraceMs: await look(
          LOOKS,
          places,
          ({ trace_id }) => find("trace_id = ?", trace_id),
        ),
        streamMs: await look(LOOKS, places, () => find("seq > ?", size >> 1)),
      };
    },
    close() {
      db.close();
      return Promise.resolve();
    },
  };
}
