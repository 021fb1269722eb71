// One way to read a log for verification, whatever the sink offers.
import { isAuditable } from "./auditable_sink.ts";
import type { AuditRow } from "./auditable_sink.ts";
import type { StoredEvent } from "./event.ts";
import type { EventSink } from "./event_sink.ts";
import { SinkError } from "./sink_error.ts";

/** A row to verify: raw from an audit, or an event from a stream. */
export type LogRow = AuditRow | StoredEvent;

/** How many rows are read and checked between two looks at the event loop. */
export const ROWS_AT_A_TIME = 1024;

/** The rows of a log in batches; the last may say why there are no more. */
export function logBatches(
  sink: EventSink,
  signal: AbortSignal | undefined,
): AsyncIterable<readonly LogRow[]> {
  const options = {
    batchSize: ROWS_AT_A_TIME,
    ...(signal === undefined ? {} : { signal }),
  };
  return isAuditable(sink) ? sink.audit(options) : streamed(sink, options);
}

/** Whether an error means a broken row, and not that reading failed. */
function isCorruption(error: unknown): error is SinkError {
  return error instanceof SinkError &&
    (error.code === "corrupt_row" || error.code === "corrupt_line");
}

async function* streamed(
  sink: EventSink,
  options: { batchSize: number; signal?: AbortSignal },
): AsyncGenerator<LogRow[], void, undefined> {
  let batch: LogRow[] = [];
  let last = 0;
  try {
    for await (const stored of sink.stream({}, options)) {
      last = stored.seq;
      batch.push(stored);
      if (batch.length === ROWS_AT_A_TIME) {
        yield batch;
        batch = [];
      }
    }
  } catch (error) {
    if (!isCorruption(error)) throw error;
    batch.push({ seq: error.seq ?? last + 1, error });
  }
  yield batch;
}
