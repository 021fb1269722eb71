// Reading in pages, one ahead of whoever consumes them.
import { setImmediate } from "node:timers/promises";
import type { FilterPlan } from "../event_filter.ts";
import type { StoredEvent } from "../event.ts";
import type { SinkError } from "../sink_error.ts";
import { sliceBlobs } from "./blobs.ts";
import type { Page, PageReader, StoredRows } from "./stored_rows.ts";
import { corruptRow, type DecodedRow, type RowCodec } from "./row_codec.ts";

/**
 * How many rows are fetched at once, if their bytes are few enough. They are
 * decoded a batch at a time: to fetch is cheap by the page, and to hold events
 * is dear by the event.
 */
const FETCH_ROWS_MAX = 1024;
/** The same for a stream's first page, whose reader waits for its first event. */
const FIRST_ROWS = 64;

/** A batch of events, decoded. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** No row up to here is left to be read. */
  readonly readTo: number;
}

function sliceRows(rows: StoredRows, from: number, to: number): StoredRows {
  return {
    seqs: rows.seqs.slice(from, to),
    aads: sliceBlobs(rows.aads, from, to),
    blobs: sliceBlobs(rows.blobs, from, to),
  };
}

/** Reads, decodes and reports; shared by every read of a sink. */
export class Pages {
  readonly #reader: PageReader;
  readonly #codec: RowCodec;
  readonly #onCorrupt: ((error: SinkError) => void) | undefined;

  constructor(
    reader: PageReader,
    codec: RowCodec,
    onCorrupt: ((error: SinkError) => void) | undefined,
  ) {
    this.#reader = reader;
    this.#codec = codec;
    this.#onCorrupt = onCorrupt;
  }

  /** Every page behind a seq; the last may be empty. Broken rows fill no limit. */
  async *read(
    plan: FilterPlan,
    options: {
      afterSeq: number;
      limit: number;
      batchSize: number;
      signal?: AbortSignal | undefined;
    },
  ): AsyncGenerator<EventPage, void, undefined> {
    const { batchSize, signal } = options;
    let left: number = options.limit;
    const fetch = (after: number, limit: number): Promise<Page> =>
      this.#reader.page({
        plan,
        afterSeq: after,
        limit: Math.min(limit, FETCH_ROWS_MAX),
      });
    const first = left === Infinity ? FIRST_ROWS : left;
    let next: Promise<Page> | undefined = fetch(options.afterSeq, first);
    try {
      while (next !== undefined) {
        const page: Page = await next;
        const { rows, readTo, isLast } = page;
        const { length } = rows.seqs;
        next = isLast || left <= length
          ? undefined
          : fetch(readTo, left - length);
        let at = 0;
        do {
          // Whoever has all batches in one turn of the loop keeps the request for
          // the next page from being sent, and timers and sockets waiting.
          if (at > 0) await setImmediate();
          const batch = sliceRows(rows, at, at + batchSize);
          at += batchSize;
          const events = await this.#events(batch, signal);
          left -= events.length;
          yield { events, readTo: at < length ? batch.seqs.at(-1)! : readTo };
        } while (at < length);
        // Broken rows were passed over, so that there is room for others.
        if (!isLast && left > 0) next ??= fetch(readTo, left);
      }
    } finally {
      // Whoever left the loop no longer waits for the page that was fetched
      // ahead; its failure would be nobody's.
      next?.catch(() => {});
    }
  }

  /** The matching events of a range, up to a limit. */
  async all(
    plan: FilterPlan,
    { afterSeq, limit }: { afterSeq: number; limit: number },
  ): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    if (limit === 0) return events;
    const range = { afterSeq, limit, batchSize: FETCH_ROWS_MAX };
    for await (const page of this.read(plan, range)) {
      for (const stored of page.events) events.push(stored);
    }
    return events;
  }

  async #events(
    rows: StoredRows,
    signal: AbortSignal | undefined,
  ): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for (const row of await this.#codec.decode(rows, signal)) {
      if ("event" in row) events.push(Object.freeze(row));
      else this.#report(await this.named(row));
    }
    return events;
  }

  #report(error: SinkError): void {
    if (this.#onCorrupt === undefined) throw error;
    this.#onCorrupt(error);
  }

  /** A row's error with the event's id, which a plain row's page lacks. */
  async named(
    row: Extract<DecodedRow, { error: SinkError }>,
  ): Promise<SinkError> {
    if (row.error.event_id !== undefined) return row.error;
    const event_id = await this.#reader.idOf(row.seq);
    return corruptRow(row.seq, row.error.cause, event_id);
  }
}
