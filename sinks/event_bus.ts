import {
  type Deliver,
  Destination,
  type DestinationSettings,
  sinkDelivery,
} from "./_bus_destination.ts";
import { Subscription } from "./_bus_subscription.ts";
import type { Event, StoredEvent } from "./event.ts";
import {
  type EventFilter,
  type FilterPlan,
  planFilter,
} from "./event_filter.ts";
import type { EventSink } from "./event_sink.ts";
import { countOption } from "./_read_options.ts";
import { SinkError } from "./sink_error.ts";
import {
  BUS_QUEUE_MAX_DEFAULT,
  type BusFailure,
  type DestinationFunction,
  type DestinationOptions,
  type DestinationState,
  DRAIN_TIMEOUT_MS_DEFAULT,
  type EventBusOptions,
  FAILURES_MAX_DEFAULT,
  type SubscribeOptions,
} from "./event_bus_options.ts";

/**
 * Publishes events: to the canonical log first, then to everyone else.
 *
 * `publish` resolves when the event is stored. Destinations get it after that, in
 * the order of publishing, each from a queue of its own: one that throws, hangs or
 * is slow holds up neither the publisher nor the log nor the others. Where its
 * queue is full, the newest event is dropped for it, counted, and kept in
 * `failures`; nothing is ever dropped from the canonical log, from which it can be
 * shipped again. An event that is published again is shipped again, which a
 * destination sink ignores.
 *
 * The bus opens nothing, needs no permission and closes no destination; it closes
 * the canonical sink only with `closeSink`.
 *
 * @example A log, and a copy beside it
 * ```ts
 * import { createEvent, EventBus, MemorySink } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * const [log, copy] = [new MemorySink(), new MemorySink()];
 * await using bus = new EventBus(log, { closeSink: true });
 * bus.addDestination("copy", copy);
 * const { event } = await bus.publish(createEvent({
 *   trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *   task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *   type: "harness.task.started",
 *   source: "loop",
 * }));
 * await bus.close();
 * assertEquals((await copy.query())[0]?.event, event);
 * assertEquals(bus.failures, []);
 * ```
 */
export class EventBus implements AsyncDisposable {
  readonly #sink: EventSink;
  readonly #queueMax: number;
  readonly #drainTimeoutMs: number;
  readonly #failuresMax: number;
  readonly #closeSink: boolean;
  readonly #destinations = new Map<string, Destination>();
  readonly #subscriptions = new Set<Subscription>();
  /** Who gets what is published now; replaced and never changed. */
  #receivers: readonly (Destination | Subscription)[] = [];
  readonly #failures: BusFailure[] = [];
  #shipped: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /**
   * Makes a bus in front of a log.
   *
   * @param sink The canonical log.
   * @param options Bounds, and who closes the log.
   * @throws {RangeError} If a bound is no integer or out of range.
   */
  constructor(sink: EventSink, options: EventBusOptions = {}) {
    this.#sink = sink;
    this.#queueMax = queueMaxOption(options.queueMax, BUS_QUEUE_MAX_DEFAULT);
    this.#drainTimeoutMs = countOption(
      "drainTimeoutMs",
      options.drainTimeoutMs,
      { min: 0, max: 3_600_000, default: DRAIN_TIMEOUT_MS_DEFAULT },
    );
    this.#failuresMax = countOption("failuresMax", options.failuresMax, {
      min: 0,
      max: 100_000,
      default: FAILURES_MAX_DEFAULT,
    });
    this.#closeSink = options.closeSink ?? false;
  }

  /** What destinations did not get, oldest first; the newest up to the bound. */
  get failures(): readonly BusFailure[] {
    return [...this.#failures];
  }

  /** How each destination fares. */
  get destinations(): readonly DestinationState[] {
    return Array.from(
      this.#destinations.values(),
      ({ name, queued, delivered, failed, dropped }) => {
        return { name, queued, delivered, failed, dropped };
      },
    );
  }

  /**
   * Appends an event to the canonical log, and ships it once it is stored.
   *
   * @param event The event.
   * @returns The stored copy.
   * @throws {SinkError} What the canonical log throws, or `closed`. Then nothing
   * is shipped.
   */
  async publish(event: Event): Promise<StoredEvent> {
    this.#assertOpen("publish");
    const stored = this.#sink.append(event);
    this.#ship(stored.then((one) => [one]));
    return await stored;
  }

  /**
   * Appends several events to the canonical log, all or none, and ships them.
   *
   * @param events The events, in order.
   * @returns The stored copies.
   * @throws {SinkError} As `publish`.
   */
  async publishAll(events: Iterable<Event>): Promise<StoredEvent[]> {
    this.#assertOpen("publish");
    const stored = this.#sink.appendAll(events);
    this.#ship(stored);
    return await stored;
  }

  /**
   * Ships every event that is published from now on.
   *
   * A function gets one event at a time, the next one when its promise has
   * resolved. A sink gets several at once, in order, so that they can share a
   * commit; it is not closed by the bus.
   *
   * @param name What it is called in `failures`.
   * @param destination A sink, or what to do with each event.
   * @param options Filter, bound, whether the copy has a chain of its own.
   * @returns What removes it: it gets nothing that is published later, and what
   * was published before is delivered within `drainTimeoutMs`.
   * @throws {TypeError} If there is one by that name, or the filter is none.
   * @throws {SinkError} `closed`.
   */
  addDestination(
    name: string,
    destination: EventSink | DestinationFunction,
    options: DestinationOptions = {},
  ): () => Promise<void> {
    this.#assertOpen("add a destination");
    if (this.#destinations.has(name)) {
      throw new TypeError(`The bus has a destination "${name}" already`);
    }
    const { filter, relink = filter !== undefined } = options;
    const how: Pick<DestinationSettings, "deliver" | "inFlightMax"> =
      typeof destination === "function"
        ? { deliver: destination as Deliver, inFlightMax: 1 }
        : sinkDelivery(destination, relink);
    const added = new Destination({
      ...how,
      name,
      queueMax: queueMaxOption(options.queueMax, this.#queueMax),
      plan: livePlan(filter),
      onFailure: (stored, error) => this.#fail(name, stored, error),
    });
    this.#destinations.set(name, added);
    this.#receivers = [...this.#receivers, added];
    return async () => {
      if (this.#destinations.get(name) === added) {
        this.#destinations.delete(name);
      }
      this.#receivers = this.#receivers.filter((each) => each !== added);
      await this.#shipped;
      await added.drain(this.#drainTimeoutMs);
    };
  }

  /**
   * Iterates over the events that are published from this call on. The iteration
   * ends when the bus is closed; one that is left or aborted is unsubscribed.
   *
   * @param filter What to yield. Any field of `ctx` may be named.
   * @param options Bound and cancellation.
   * @returns The events, to be iterated once.
   * @throws {SinkError} `closed`; and in the loop `overloaded`, once the consumer
   * has fallen behind by more than `queueMax` events and has taken those.
   * @throws {TypeError} If the filter is none.
   */
  subscribe(
    filter?: EventFilter,
    options: SubscribeOptions = {},
  ): AsyncIterable<StoredEvent> {
    this.#assertOpen("subscribe");
    const subscription = new Subscription(
      livePlan(filter),
      queueMaxOption(options.queueMax, this.#queueMax),
      (ended) => {
        this.#subscriptions.delete(ended);
        this.#receivers = this.#receivers.filter((each) => each !== ended);
      },
    );
    this.#subscriptions.add(subscription);
    this.#receivers = [...this.#receivers, subscription];
    return subscription.events(options.signal);
  }

  /**
   * Waits until what was published is stored, and shipped within
   * `drainTimeoutMs`; what is not is counted as dropped. Then ends the
   * subscriptions, and closes the canonical log if the bus owns it. Calling it
   * again is harmless.
   *
   * @throws {SinkError} What closing the canonical log throws.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Closes the bus at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#shipped;
    const all = [...this.#destinations.values()];
    await Promise.all(all.map((each) => each.drain(this.#drainTimeoutMs)));
    for (const subscription of this.#subscriptions) subscription.end();
    if (this.#closeSink) await this.#sink.close();
  }

  /** Ships what a promise brings, behind everything published before it. */
  #ship(stored: Promise<StoredEvent[]>): void {
    const before = this.#shipped;
    const receivers = this.#receivers;
    this.#shipped = (async () => {
      // Where the log refused the event, the publisher is told and nobody else.
      const events = await stored.catch(() => []);
      await before;
      for (const event of events) {
        for (const receiver of receivers) receiver.offer(event);
      }
    })();
  }

  #fail(destination: string, stored: StoredEvent, error: unknown): void {
    this.#failures.push({
      destination,
      event_id: stored.event.event_id,
      seq: stored.seq,
      error,
      time: new Date().toISOString(),
    });
    if (this.#failures.length > this.#failuresMax) this.#failures.shift();
  }

  #assertOpen(what: string): void {
    if (this.#closing === undefined) return;
    const message = `Cannot ${what}: the event bus is closed. Make a new one`;
    throw new SinkError("closed", message);
  }
}

/** A filter on events at hand, where no index limits which ctx fields there are. */
function livePlan(filter: EventFilter | undefined): FilterPlan {
  return planFilter(filter, Object.keys(filter ?? {}));
}

function queueMaxOption(value: number | undefined, fallback: number): number {
  const bounds = { min: 1, max: 1_000_000, default: fallback };
  return countOption("queueMax", value, bounds);
}
