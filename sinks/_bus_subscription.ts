// A consumer of an event bus that reads at its own pace.
import { ChangeSignal } from "./_change_signal.ts";
import type { StoredEvent } from "./event.ts";
import { type FilterPlan, matchesFilter } from "./event_filter.ts";
import { SinkError } from "./sink_error.ts";

/** Events as they come, in a bounded queue. */
export class Subscription {
  readonly #plan: FilterPlan;
  readonly #queueMax: number;
  readonly #onEnd: (subscription: Subscription) => void;
  readonly #queue: StoredEvent[] = [];
  readonly #change = new ChangeSignal();
  #ended = false;
  #error: SinkError | undefined;

  constructor(
    plan: FilterPlan,
    queueMax: number,
    onEnd: (subscription: Subscription) => void,
  ) {
    this.#plan = plan;
    this.#queueMax = queueMax;
    this.#onEnd = onEnd;
  }

  /** Queues an event; a consumer that is too far behind is told so. */
  offer(stored: StoredEvent): void {
    if (this.#ended || !matchesFilter(stored.event, this.#plan)) return;
    if (this.#queue.length >= this.#queueMax) {
      const { seq } = stored;
      this.#error = new SinkError(
        "overloaded",
        `The subscription fell behind: ${this.#queueMax} events wait, and the ` +
          `one at seq ${seq} does not fit. Go on with stream({}, { afterSeq, ` +
          "follow: true }) of the sink, or raise queueMax",
        { seq },
      );
      this.end();
      return;
    }
    this.#queue.push(stored);
    this.#change.notify();
  }

  /** Ends the iteration behind what is queued. */
  end(): void {
    this.#ended = true;
    this.#onEnd(this);
    this.#change.notify();
  }

  /** Yields events until the end; leaving the loop ends the subscription. */
  async *events(
    signal: AbortSignal | undefined,
  ): AsyncGenerator<StoredEvent, void, undefined> {
    try {
      while (true) {
        signal?.throwIfAborted();
        const { version } = this.#change;
        const stored = this.#queue.shift();
        if (stored !== undefined) yield stored;
        else if (this.#error !== undefined) throw this.#error;
        else if (this.#ended) return;
        else await this.#change.changed(version, { signal });
      }
    } finally {
      this.end();
    }
  }
}
