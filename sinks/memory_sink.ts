import type { Event, StoredEvent } from "./event.ts";
import {
  checkCtxFields,
  type EventFilter,
  type FilterPlan,
  matchesFilter,
  planFilter,
} from "./event_filter.ts";
import type {
  EventSink,
  QueryOptions,
  SinkSupports,
  StreamOptions,
} from "./event_sink.ts";
import { ChangeSignal } from "./_change_signal.ts";
import { linkBatch } from "./link_batch.ts";
import { countOption, queryOptions, streamOptions } from "./_read_options.ts";
import { admitEvent } from "./create_event.ts";
import { SinkError } from "./sink_error.ts";

/** Options of {@linkcode MemorySink}. */
export interface MemorySinkOptions {
  /**
   * Fields of `payload.ctx` to filter by, at most 32.
   * @default {[]}
   */
  readonly ctxFields?: readonly string[];
  /** Signs each event's hash with HMAC-SHA256. */
  readonly signKey?: Uint8Array;
  /**
   * How many events the sink holds before it refuses more with `overloaded`.
   * @default {1_000_000}
   */
  readonly eventsMax?: number;
}

/**
 * An event log in memory: for tests, for short runs, and as the oracle that the
 * other sinks are checked against. Needs no permission and nothing outlives it.
 *
 * @example Appending and reading back
 * ```ts
 * import { createEvent, MemorySink } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * await using sink = new MemorySink();
 * const { seq } = await sink.append(createEvent({
 *   trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *   task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *   type: "harness.task.started",
 *   source: "loop",
 * }));
 * assertEquals(seq, 1);
 * assertEquals(await sink.count({ source: "loop" }), 1);
 * ```
 */
export class MemorySink implements EventSink {
  /** The name it is registered by. */
  readonly name = "memory";
  /** In full, except that nothing outlives the object. */
  readonly supports: SinkSupports = {
    persistence: false,
    atomicAppendAll: true,
    unboundedIdempotence: true,
    sharedWriters: false,
  };
  readonly #ctxFields: readonly string[];
  readonly #signKey: Uint8Array | undefined;
  readonly #eventsMax: number;
  readonly #log: StoredEvent[] = [];
  readonly #byId = new Map<string, StoredEvent>();
  readonly #heads = new Map<string, string | null>();
  readonly #change = new ChangeSignal();
  #closed = false;

  /**
   * Makes an empty log.
   *
   * @param options Filters, signing and the bound.
   * @throws {RangeError} If an option is out of bounds.
   */
  constructor(options: MemorySinkOptions = {}) {
    this.#ctxFields = checkCtxFields(options.ctxFields ?? []);
    // Not by slice, which on a Buffer gives a view of the caller's bytes.
    this.#signKey = options.signKey && Uint8Array.from(options.signKey);
    this.#eventsMax = countOption("eventsMax", options.eventsMax, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      default: 1_000_000,
    });
  }

  /** Appends an event; see {@linkcode EventSink.append}. */
  async append(event: Event): Promise<StoredEvent> {
    const [stored] = await this.appendAll([event]);
    return stored!;
  }

  /** Appends several events, all or none; see {@linkcode EventSink.appendAll}. */
  // deno-lint-ignore require-await -- a throw must reject, as in every sink
  async appendAll(events: Iterable<Event>): Promise<StoredEvent[]> {
    this.#assertOpen("append");
    // Spread, and not Array.from, which takes a single event for an empty list.
    const admitted = [...events].map(admitEvent);
    const placed = linkBatch(admitted, {
      stored: (id) => this.#byId.get(id),
      head: (trace) => this.#heads.get(trace) ?? null,
    }, this.#signKey);
    const added = placed.filter(({ kind }) => kind === "new").length;
    if (this.#log.length + added > this.#eventsMax) {
      throw new SinkError(
        "overloaded",
        `Cannot append: the memory sink would hold more than ${this.#eventsMax} ` +
          "events. Raise eventsMax, or use a sink that stores on disk",
      );
    }
    const result: StoredEvent[] = [];
    for (const place of placed) {
      if (place.kind === "stored") result.push(place.stored);
      else if (place.kind === "repeat") result.push(result[place.of]!);
      else result.push(this.#store(place.event));
    }
    if (added > 0) this.#change.notify();
    return result;
  }

  #store(event: Event): StoredEvent {
    const stored = Object.freeze({ seq: this.#log.length + 1, event });
    this.#log.push(stored);
    this.#byId.set(event.event_id, stored);
    this.#heads.set(event.trace_id, event.hash);
    return stored;
  }

  /** Reads matching events; see {@linkcode EventSink.query}. */
  // deno-lint-ignore require-await -- a throw must reject, as in every sink
  async query(
    filter?: EventFilter,
    options?: QueryOptions,
  ): Promise<StoredEvent[]> {
    this.#assertOpen("query");
    const { limit, afterSeq } = queryOptions(options);
    return this.#page(planFilter(filter, this.#ctxFields), afterSeq, limit);
  }

  #page(plan: FilterPlan, afterSeq: number, limit: number): StoredEvent[] {
    const page: StoredEvent[] = [];
    for (let i = afterSeq; i < this.#log.length && page.length < limit; i++) {
      const stored = this.#log[i]!;
      if (matchesFilter(stored.event, plan)) page.push(stored);
    }
    return page;
  }

  /** Streams matching events; see {@linkcode EventSink.stream}. */
  async *stream(
    filter?: EventFilter,
    options?: StreamOptions,
  ): AsyncGenerator<StoredEvent, void, undefined> {
    this.#assertOpen("stream");
    const { batchSize, afterSeq, follow, signal } = streamOptions(options);
    const plan = planFilter(filter, this.#ctxFields);
    let at = afterSeq;
    while (true) {
      signal?.throwIfAborted();
      const { version } = this.#change;
      const end = this.#log.length;
      const page = this.#page(plan, at, batchSize);
      for (const stored of page) {
        yield stored;
        signal?.throwIfAborted();
        if (!follow) this.#assertOpen("stream");
      }
      // A short page has seen everything up to the end of the log.
      at = page.length < batchSize ? Math.max(at, end) : page.at(-1)!.seq;
      if (page.length === batchSize) continue;
      if (!follow || this.#closed) return;
      await this.#change.changed(version, { signal });
    }
  }

  /** Counts matching events; see {@linkcode EventSink.count}. */
  // deno-lint-ignore require-await -- a throw must reject, as in every sink
  async count(filter?: EventFilter): Promise<number> {
    this.#assertOpen("count");
    const plan = planFilter(filter, this.#ctxFields);
    return this.#page(plan, 0, Infinity).length;
  }

  /** Ends the streams that follow; see {@linkcode EventSink.close}. */
  close(): Promise<void> {
    this.#closed = true;
    this.#change.notify();
    return Promise.resolve();
  }

  /** Closes the sink at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(what: string): void {
    if (this.#closed) {
      throw new SinkError(
        "closed",
        `Cannot ${what}: the memory sink is closed. Make a new one`,
      );
    }
  }
}
