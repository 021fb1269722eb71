// Reading in pages, one ahead of whoever consumes them.
import type { FilterPlan } from "../event_filter.ts";
import type { StoredEvent } from "../event.ts";
import type { SinkError } from "../sink_error.ts";
import type { Page, StoredRows } from "./messages.ts";
import { corruptRow, type DecodedRow, type RowCodec } from "./row_codec.ts";
import type { Threads } from "./threads.ts";

/** A page of events, decoded. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** No row up to here is left to be read. */
  readonly readTo: number;
}

/** Reads, decodes and reports; shared by every read of a sink. */
export class Pages {
  readonly #threads: Threads;
  readonly #codec: RowCodec;
  readonly #onCorrupt: ((error: SinkError) => void) | undefined;

  constructor(
    threads: Threads,
    codec: RowCodec,
    onCorrupt: ((error: SinkError) => void) | undefined,
  ) {
    this.#threads = threads;
    this.#codec = codec;
    this.#onCorrupt = onCorrupt;
  }

  /** Every page behind a seq; the last may be empty. Broken rows fill no limit. */
  async *read(
    plan: FilterPlan,
    options: { afterSeq: number; limit: number; batchSize: number },
  ): AsyncGenerator<EventPage, void, undefined> {
    let left: number = options.limit;
    let asked = 0;
    const fetch = (after: number): Promise<Page> => {
      asked = Math.min(left, options.batchSize);
      return this.#fetch(plan, after, asked);
    };
    let next: Promise<Page> | undefined = fetch(options.afterSeq);
    try {
      while (next !== undefined) {
        const page: Page = await next;
        const { rows, readTo } = page;
        const { length } = rows.seqs;
        const isLast = length < asked;
        left -= length;
        next = isLast || left === 0 ? undefined : fetch(readTo);
        const events = await this.#events(rows);
        left += length - events.length;
        if (next === undefined && !isLast && left > 0) next = fetch(readTo);
        yield { events, readTo };
      }
    } finally {
      // Whoever left the loop no longer waits for the page that was fetched
      // ahead; its failure would be nobody's.
      next?.catch(() => {});
    }
  }

  async #fetch(
    plan: FilterPlan,
    afterSeq: number,
    limit: number,
  ): Promise<Page> {
    const reader = await this.#threads.reader();
    return await reader.call("page", "read", { plan, afterSeq, limit });
  }

  async #events(rows: StoredRows): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for (const row of await this.#codec.decode(rows)) {
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
    const reader = await this.#threads.reader();
    const event_id = await reader.call("idOf", "read", row.seq);
    return corruptRow(row.seq, row.error.cause, event_id);
  }
}
