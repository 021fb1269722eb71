import type { StoredEvent } from "./event.ts";
import type { EventFilter } from "./event_filter.ts";

/** How many events wait for a destination or a subscriber, when not told. */
export const BUS_QUEUE_MAX_DEFAULT = 1_024;
/** How long `close` waits for destinations, when not told. */
export const DRAIN_TIMEOUT_MS_DEFAULT = 5_000;
/** How many failures a bus remembers, when not told. */
export const FAILURES_MAX_DEFAULT = 100;

/** Options of `EventBus`. */
export interface EventBusOptions {
  /**
   * How many events may wait for each destination and subscriber.
   * @default {1_024}
   */
  readonly queueMax?: number;
  /**
   * How long `close` and the removal of a destination wait for what is queued.
   * @default {5_000}
   */
  readonly drainTimeoutMs?: number;
  /**
   * How many failures to remember: the newest.
   * @default {100}
   */
  readonly failuresMax?: number;
  /**
   * Whether the bus owns the canonical sink, and closes it at the end.
   * @default {false}
   */
  readonly closeSink?: boolean;
}

/** What a destination does with an event, if it is no sink. */
export type DestinationFunction = (
  stored: StoredEvent,
  options: {
    /** Fires when the bus no longer waits. */
    readonly signal: AbortSignal;
  },
) => void | Promise<void>;

/** Options of `EventBus.addDestination`. */
export interface DestinationOptions {
  /** What to ship; everything when left out. Any field of `ctx` may be named. */
  readonly filter?: EventFilter;
  /**
   * How many events may wait for it.
   * @default {the bus's queueMax}
   */
  readonly queueMax?: number;
  /**
   * Whether a destination sink links a chain of its own, of the events that it
   * gets. Without, it gets events as they are stored, and its copy verifies
   * against the same heads and signatures; but a copy that misses one event of a
   * trace refuses the trace's later ones with `broken_link`.
   * @default {true with a filter, else false}
   */
  readonly relink?: boolean;
}

/** Options of `EventBus.subscribe`. */
export interface SubscribeOptions {
  /**
   * How many events may wait for the consumer.
   * @default {the bus's queueMax}
   */
  readonly queueMax?: number;
  /** Ends the subscription: the loop throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** An event that a destination did not get. */
export interface BusFailure {
  /** The destination's name. */
  readonly destination: string;
  /** The event, which is in the canonical log. */
  readonly event_id: string;
  /** Its place in the canonical log. */
  readonly seq: number;
  /** What the destination threw, or `overloaded` for an event that was dropped. */
  readonly error: unknown;
  /** When, in UTC. */
  readonly time: string;
}

/** How a destination fares. */
export interface DestinationState {
  /** Its name. */
  readonly name: string;
  /** How many events wait or are being delivered. */
  readonly queued: number;
  /** How many it took. */
  readonly delivered: number;
  /** How many it threw at. */
  readonly failed: number;
  /** How many it was not given, since its queue was full or the bus closed. */
  readonly dropped: number;
}
