import type { Event, StoredEvent } from "./event.ts";
import type { EventFilter } from "./event_filter.ts";

/** The major version of the port; the registry refuses adapters of another. */
export const EVENT_SINK_PORT = 1;

/** Which events of a query to return. */
export interface QueryOptions {
  /**
   * How many events at most. 0 is none.
   * @default {every event that matches}
   */
  readonly limit?: number;
  /**
   * Only events behind this place in the log.
   * @default {0}
   */
  readonly afterSeq?: number;
}

/** How to stream. */
export interface StreamOptions {
  /**
   * How many events are read at a time, 1 to 10,000: the bound of what is held
   * in memory.
   * @default {128}
   */
  readonly batchSize?: number;
  /**
   * Only events behind this place in the log.
   * @default {0}
   */
  readonly afterSeq?: number;
  /**
   * Whether to wait for further events at the end of the log, until the signal
   * fires, the loop is left or the sink is closed.
   * @default {false}
   */
  readonly follow?: boolean;
  /** Ends the stream: the loop throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Where an adapter keeps the contract in full (`true`), and where it declares
 * that it cannot (`false`). Its documentation says why.
 */
export interface SinkSupports {
  /** The log is there again after `close` and a new open. */
  readonly persistence: boolean;
  /** `appendAll` is all or none even where the process is killed amid it. */
  readonly atomicAppendAll: boolean;
  /** An `event_id` is recognised however long ago it was appended. */
  readonly unboundedIdempotence: boolean;
  /** Several open sinks, in one process or in many, may append to one log. */
  readonly sharedWriters: boolean;
}

/**
 * The port of the event log: an append-only record in one order, with a hash
 * chain through each trace.
 *
 * Rules for every adapter, which `testEventSink` of `@zu/backends/testing`
 * checks:
 *
 * - An event is checked at the door and its text taken there.
 * - Appending is idempotent on `event_id`: the same content again stores nothing
 *   and returns the stored copy; other content fails with `duplicate_id`.
 * - Each appended event is linked to its trace's head. One that comes with chain
 *   fields is stored only if they are right, else it fails with `broken_link`.
 * - A failed append leaves the log and the sink as they were.
 * - Calls are stored in the order in which they were made.
 * - `seq` grows from 1 in the order of the log, and is what `afterSeq` means.
 * - On a closed sink each call fails with `closed`, except `close` itself.
 */
export interface EventSink extends AsyncDisposable {
  /** The adapter's name, as registered. */
  readonly name: string;
  /** Where the adapter keeps the contract in full. */
  readonly supports: SinkSupports;
  /**
   * Appends an event; resolves when it is as durable as the sink promises.
   *
   * @param event The event; an object that `createEvent` did not make is checked
   * and copied first.
   * @returns The stored copy, with its place in the log and its chain fields.
   * @throws {SinkError} `invalid_event`, `duplicate_id`, `broken_link`, `closed`,
   * or what the storage reports.
   */
  append(event: Event): Promise<StoredEvent>;
  /**
   * Appends several events, all or none, next to each other in the log.
   *
   * @param events The events, in order.
   * @returns The stored copies, in the same order.
   * @throws {SinkError} As `append`; then none of them is stored.
   */
  appendAll(events: Iterable<Event>): Promise<StoredEvent[]>;
  /**
   * Reads matching events in the order of the log.
   *
   * @param filter What to match; everything when left out.
   * @param options How many, and from where.
   * @returns The matching events.
   * @throws {SinkError} `unknown_filter`, `closed`, `corrupt_row`,
   * `corrupt_line`.
   * @throws {RangeError} If an option is negative or no integer.
   */
  query(filter?: EventFilter, options?: QueryOptions): Promise<StoredEvent[]>;
  /**
   * Streams matching events in the order of the log, holding no more than a
   * batch of them.
   *
   * @param filter What to match; everything when left out.
   * @param options Batch size, start, following, cancellation.
   * @returns An iterable to be consumed once. Leaving the loop releases it.
   * @throws {SinkError} As `query`, when the iteration begins.
   */
  stream(
    filter?: EventFilter,
    options?: StreamOptions,
  ): AsyncIterable<StoredEvent>;
  /**
   * Counts matching events.
   *
   * @param filter What to match; everything when left out.
   * @returns How many there are.
   * @throws {SinkError} As `query`.
   */
  count(filter?: EventFilter): Promise<number>;
  /**
   * Waits for everything that was accepted, then releases what the sink holds.
   * Streams that follow end. Calling it again is harmless.
   *
   * @throws {SinkError} If something that was accepted could not be stored and
   * its append has not been told so.
   */
  close(): Promise<void>;
}
