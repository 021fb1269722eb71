// One destination of an event bus: a bounded queue and a loop that empties it, so
// that what one destination does reaches nobody else.
import { admitEvent } from "./create_event.ts";
import type { Event, StoredEvent } from "./event.ts";
import { type FilterPlan, matchesFilter } from "./event_filter.ts";
import type { EventSink } from "./event_sink.ts";
import { makeEvent, textOf, UNLINKED } from "./_event_text.ts";
import { SinkError } from "./sink_error.ts";

/** How many appends a destination sink is given at once, to share a commit. */
const SINK_IN_FLIGHT_MAX = 64;

/** Delivers one event. */
export type Deliver = (
  stored: StoredEvent,
  options: { readonly signal: AbortSignal },
) => unknown;

/** Takes a failed delivery. */
export type OnFailure = (stored: StoredEvent, error: unknown) => void;

/** What a destination is made of. */
export interface DestinationSettings {
  readonly name: string;
  readonly deliver: Deliver;
  /** How many deliveries may go on at once. */
  readonly inFlightMax: number;
  readonly queueMax: number;
  readonly plan: FilterPlan;
  readonly onFailure: OnFailure;
}

/** A sink as a destination: in order, and several appends at once. */
export function sinkDelivery(
  sink: EventSink,
  relink: boolean,
): Pick<DestinationSettings, "deliver" | "inFlightMax"> {
  return {
    deliver: ({ event }) => sink.append(relink ? unlinked(event) : event),
    inFlightMax: SINK_IN_FLIGHT_MAX,
  };
}

/** The same event without its chain fields, for a chain of other events. */
function unlinked(event: Event): Event {
  const admitted = admitEvent(event);
  return makeEvent(admitted, UNLINKED, textOf(admitted)!);
}

/** A destination and its queue. */
export class Destination {
  readonly name: string;
  delivered = 0;
  failed = 0;
  dropped = 0;
  readonly #settings: DestinationSettings;
  readonly #queue: StoredEvent[] = [];
  readonly #controller = new AbortController();
  #inFlight: readonly StoredEvent[] = [];
  #running: Promise<void> | undefined;

  constructor(settings: DestinationSettings) {
    this.name = settings.name;
    this.#settings = settings;
  }

  /** How many events wait or are being delivered. */
  get queued(): number {
    return this.#queue.length + this.#inFlight.length;
  }

  /** Queues an event, or drops it where the queue is full. */
  offer(stored: StoredEvent): void {
    const { plan, queueMax } = this.#settings;
    if (!matchesFilter(stored.event, plan)) return;
    if (this.queued >= queueMax) {
      const why = `its queue of ${queueMax} is full`;
      this.#drop(stored, `${why}. Make it faster, or raise queueMax`);
      return;
    }
    this.#queue.push(stored);
    this.#running ??= this.#run();
  }

  /** Waits until everything is delivered or the time is over; then drops it. */
  async drain(timeoutMs: number): Promise<void> {
    if (this.#running === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    try {
      await Promise.race([this.#running, promise]);
    } finally {
      clearTimeout(timer);
    }
    this.#abandon(timeoutMs);
  }

  #abandon(timeoutMs: number): void {
    const left = [...this.#inFlight, ...this.#queue.splice(0)];
    this.#inFlight = [];
    if (left.length === 0) return;
    const why = `it did not take the event within ${timeoutMs} ms of the end`;
    this.#controller.abort(new SinkError("closed", `${this.name}: ${why}`));
    for (const stored of left) {
      this.#drop(stored, `${why}. Raise drainTimeoutMs if it is only slow`);
    }
  }

  async #run(): Promise<void> {
    const { inFlightMax } = this.#settings;
    const { signal } = this.#controller;
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, inFlightMax);
      this.#inFlight = batch;
      const results = await Promise.allSettled(
        batch.map((stored) => this.#deliver(stored, signal)),
      );
      // What comes in after the end has been counted as dropped.
      if (signal.aborted) return;
      this.#inFlight = [];
      for (const [i, result] of results.entries()) {
        if (result.status === "fulfilled") this.delivered++;
        else {
          this.failed++;
          this.#settings.onFailure(batch[i]!, result.reason);
        }
      }
    }
    this.#running = undefined;
  }

  // deno-lint-ignore require-await -- a throw must reject and go no further
  async #deliver(stored: StoredEvent, signal: AbortSignal): Promise<unknown> {
    return this.#settings.deliver(stored, { signal });
  }

  #drop(stored: StoredEvent, why: string): void {
    this.dropped++;
    const { seq, event: { event_id } } = stored;
    const error = new SinkError(
      "overloaded",
      `Did not ship event ${event_id} (seq ${seq}) to "${this.name}": ${why}. ` +
        "The event is in the canonical log; stream it from there",
      { seq, event_id },
    );
    this.#settings.onFailure(stored, error);
  }
}
