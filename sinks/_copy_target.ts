// What a copy does with its target beside reading the source: it looks what is
// there already, and appends.
import { setImmediate } from "node:timers/promises";
import { ROWS_AT_A_TIME } from "./_audit_batches.ts";
import type { TraceBefore } from "./_copied_traces.ts";
import type { Event, StoredEvent } from "./event.ts";
import type { EventSink } from "./event_sink.ts";

/** How the target is looked at. */
export interface CopyTargetOptions {
  /** Is told of every event before the first that is looked for, if given. */
  readonly note: ((event: Event) => void) | undefined;
  /** Ends the reading. */
  readonly signal: AbortSignal | undefined;
}

/** The log that is copied to. */
export class CopyTarget {
  /** The last seq of it; while it is scanned, the last that was seen. */
  lastSeq = 0;
  readonly #sink: EventSink;
  readonly #signal: { signal?: AbortSignal };
  #note: ((event: Event) => void) | undefined;
  #scan: AsyncIterator<StoredEvent> | undefined;

  constructor(sink: EventSink, { note, signal }: CopyTargetOptions) {
    this.#sink = sink;
    this.#note = note;
    this.#signal = signal === undefined ? {} : { signal };
  }

  /**
   * Looks whether there is anything in it. Then it is scanned alongside the
   * source where the copy is resumed, up to the first event to copy, and where
   * the sink forgets ids, for as long as it has what the source has.
   */
  async open(): Promise<void> {
    if (await this.#isEmptyBehind(0)) return;
    const { unboundedIdempotence } = this.#sink.supports;
    if (unboundedIdempotence) this.lastSeq = await this.#findLastSeq();
    if (unboundedIdempotence && this.#note === undefined) return;
    this.#scan = this.#sink.stream({}, this.#signal)[Symbol.asyncIterator]();
  }

  /** Whether an event may be found by scanning on. */
  get isScanned(): boolean {
    return this.#scan !== undefined;
  }

  /** Scans on up to an event; without finding it the scan is over. */
  async find(event_id: string): Promise<StoredEvent | undefined> {
    const found = await this.#scanTo(event_id);
    // The traces are known up to here, and the sink itself knows the rest.
    const isDone = this.#sink.supports.unboundedIdempotence;
    if (isDone || found === undefined) await this.close();
    this.#note = undefined;
    return found;
  }

  async #scanTo(event_id: string): Promise<StoredEvent | undefined> {
    for (let seen = 1;; seen++) {
      const next = await this.#scan?.next();
      if (next === undefined || next.done) return undefined;
      const stored: StoredEvent = next.value;
      this.lastSeq = Math.max(this.lastSeq, stored.seq);
      if (stored.event.event_id === event_id) return stored;
      this.#note?.(stored.event);
      // A sink that answers at once would keep timers and other work waiting.
      if (seen % ROWS_AT_A_TIME === 0) await setImmediate();
    }
  }

  /** An event's trace before it, or all of the trace if it is not there. */
  async before({ event_id, trace_id }: Event): Promise<TraceBefore> {
    let first: Event | undefined;
    let head: string | null = null;
    for await (
      const { event } of this.#sink.stream({ trace_id }, this.#signal)
    ) {
      if (event.event_id === event_id) break;
      first ??= event;
      head = event.hash;
    }
    return { head, beginsUnlinked: first?.hash === null };
  }

  /** Appends events, all or none. */
  async append(events: readonly Event[]): Promise<StoredEvent[]> {
    return events.length === 0 ? [] : await this.#sink.appendAll(events);
  }

  /** Ends the scan. */
  async close(): Promise<void> {
    const scan = this.#scan;
    this.#scan = undefined;
    await scan?.return?.();
  }

  async #isEmptyBehind(afterSeq: number): Promise<boolean> {
    const [next] = await this.#sink.query({}, { afterSeq, limit: 1 });
    return next === undefined;
  }

  /**
   * The port does not tell the last seq, so it is searched for: the distance is
   * doubled until nothing is behind, then halved.
   */
  async #findLastSeq(): Promise<number> {
    let low = 0;
    let high = 1;
    while (!await this.#isEmptyBehind(high)) {
      low = high;
      high = Math.min(high * 2, Number.MAX_SAFE_INTEGER);
      if (low === high) return high;
    }
    // Something is behind `low`, and nothing behind `high`.
    while (high - low > 1) {
      const middle = low + Math.floor((high - low) / 2);
      if (await this.#isEmptyBehind(middle)) high = middle;
      else low = middle;
    }
    return high;
  }
}
