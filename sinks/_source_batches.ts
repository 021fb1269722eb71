// A log in batches that a copy appends at once: bounded in events and in bytes.
import { Buffer } from "node:buffer";
import { stoppedBy } from "./_copy_stop.ts";
import type { StoredEvent } from "./event.ts";
import type { EventSink, StreamOptions } from "./event_sink.ts";
import { serializeEvent } from "./parse_event.ts";
import { SinkError } from "./sink_error.ts";

/** How many bytes of text a batch has, unless a single event has more. */
export const BATCH_BYTES_MAX = 8 * 1024 * 1024;

/** An event of the source, and its text. */
export interface SourceEvent {
  readonly stored: StoredEvent;
  readonly text: string;
}

/** Reads the source to the end that it has when that is reached. */
export async function* sourceBatches(
  from: EventSink,
  options: StreamOptions & { readonly batchSize: number },
): AsyncGenerator<SourceEvent[], void, undefined> {
  let batch: SourceEvent[] = [];
  let bytes = 0;
  let last = options.afterSeq ?? 0;
  try {
    for await (const stored of from.stream({}, options)) {
      const text = serializeEvent(stored.event);
      const size = Buffer.byteLength(text);
      if (batch.length > 0 && bytes + size > BATCH_BYTES_MAX) {
        yield batch;
        batch = [];
        bytes = 0;
      }
      last = stored.seq;
      batch.push({ stored, text });
      bytes += size;
      if (batch.length < options.batchSize) continue;
      yield batch;
      batch = [];
      bytes = 0;
    }
  } catch (error) {
    throw unreadable(error, last);
  }
  if (batch.length > 0) yield batch;
}

/** What went wrong in reading the source, as a reason to stop. */
export function unreadable(error: unknown, last: number): unknown {
  return stoppedBy(error, `the source cannot be read behind seq ${last}`, {
    todo: "See that the source is open and can be read to its end",
    seq: error instanceof SinkError ? error.seq : undefined,
  });
}
