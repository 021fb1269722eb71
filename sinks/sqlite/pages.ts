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

  /** Every page behind a seq; the last one may be empty, and is short. */
  async *read(
    plan: FilterPlan,
    options: { afterSeq: number; limit: number; batchSize: number },
  ): AsyncGenerator<EventPage, void, undefined> {
    let { afterSeq, limit } = options;
    const size = () => Math.min(limit, options.batchSize);
    let next: Promise<Page> | undefined = this.#fetch(plan, afterSeq, size());
    try {
      while (next !== undefined) {
        const { rows, readTo }: Page = await next;
        const { length } = rows.seqs;
        const isLast = length < size();
        afterSeq = readTo;
        limit -= length;
        next = isLast || limit === 0
          ? undefined
          : this.#fetch(plan, afterSeq, size());
        yield { events: await this.#events(rows), readTo };
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
