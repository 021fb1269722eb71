import type { Event, StoredEvent } from "../event.ts";
import { SinkError } from "../sink_error.ts";
import type { Unit } from "./group.ts";

/** The appends that wait to be written, in the order in which they were made. */
export class UnitQueue {
  readonly #max: number;
  readonly #onArrival: () => void;
  readonly #units: Unit[] = [];
  #waiting = 0;
  #accepted = 0;
  #isScheduled = false;

  /**
   * @param max How many events may be on their way.
   * @param onArrival Called once all appends of a turn of the event loop are here, so
   * that they go into the same group.
   */
  constructor(max: number, onArrival: () => void) {
    this.#max = max;
    this.#onArrival = onArrival;
  }

  /** How many events wait to be taken. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many events were accepted and have not been settled. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Queues events that are to be stored together or not at all. */
  add(events: readonly Event[]): Promise<StoredEvent[]> {
    if (this.#accepted > 0 && this.#accepted + events.length > this.#max) {
      throw new SinkError(
        "overloaded",
        `Cannot append: ${this.#accepted} events wait to be written, and ` +
          `queueMax is ${this.#max}. Await appends before making more`,
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<StoredEvent[]>();
    this.#units.push({ events, resolve, reject });
    this.#accepted += events.length;
    this.#waiting += events.length;
    this.#schedule();
    return promise;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#onArrival();
    });
  }

  /**
   * Takes the first units.
   *
   * @param max How many events, unless the first unit alone has more.
   * @param fits Whether a unit may go with those before it; the first one always does,
   * and is told to it as well.
   */
  take(max: number, fits: (unit: Unit) => boolean = () => true): Unit[] {
    let events = 0;
    let end = 0;
    while (end < this.#units.length) {
      const unit = this.#units[end]!;
      const { length } = unit.events;
      const isFitting = fits(unit) && events + length <= max;
      if (end > 0 && !isFitting) break;
      events += length;
      end++;
    }
    this.#waiting -= events;
    return this.#units.splice(0, end);
  }

  /** Counts events as settled. */
  settle(events: number): void {
    this.#accepted -= events;
  }
}
