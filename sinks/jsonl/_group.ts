import type { Event, StoredEvent } from "../event.ts";
import { linkBatch, type Placed } from "../link_batch.ts";
import { serializeEvent } from "../parse_event.ts";
import { SinkError } from "../sink_error.ts";
import type { Log } from "./_log.ts";

/** An append that waits for its turn. */
export interface AppendRequest {
  /** The events, which stay next to each other. */
  readonly events: readonly Event[];
  /** Tells the caller where the events are. */
  readonly resolve: (stored: StoredEvent[]) => void;
  /** Tells the caller why they are not stored. */
  readonly reject: (error: unknown) => void;
}

/** How a group is made. */
export interface GroupOptions {
  /** Signs each event's hash. */
  readonly signKey: Uint8Array | undefined;
  /** How long a line may be. */
  readonly eventBytesMax: number;
  /** How long a part of the log may grow. */
  readonly maxBytes: number;
}

/** How many bytes share a write, unless a single append brings more. */
export const GROUP_BYTES_MAX = 1024 * 1024;

const encoder = new TextEncoder();

/** Why a request cannot be stored. */
class Refusal {
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }
}

/**
 * Appends that share a write: their events, linked and as bytes. Nothing of the
 * log changes before the group is stored.
 */
export class Group {
  /** The events to store, in order. */
  readonly events: Event[] = [];
  /** Where each event's line ends in `bytes`. */
  readonly ends: number[] = [];
  readonly #log: Log;
  readonly #options: GroupOptions;
  readonly #known = new Map<string, StoredEvent | SinkError>();
  readonly #heads = new Map<string, string | null>();
  readonly #taken: {
    request: AppendRequest;
    result: StoredEvent[] | Refusal;
  }[] = [];
  #buffer: Uint8Array;

  /**
   * Makes an empty group.
   *
   * @param log Where it is to be stored.
   * @param buffer Where to put its bytes, if they fit.
   * @param options Key and bounds.
   */
  constructor(log: Log, buffer: Uint8Array, options: GroupOptions) {
    this.#log = log;
    this.#buffer = buffer;
    this.#options = options;
  }

  /** Looks up what the log's files say about the requests' ids and traces. */
  async look(requests: readonly AppendRequest[]): Promise<void> {
    for (const { events } of requests) {
      for (const { event_id, trace_id } of events) {
        // The files have one cursor each, so one lookup follows the other.
        if (!this.#known.has(event_id)) {
          const lookup = this.#log.stored(event_id);
          if (lookup !== undefined) await this.#know(event_id, lookup);
        }
        if (!this.#heads.has(trace_id)) {
          const head = this.#log.head(trace_id);
          this.#heads.set(
            trace_id,
            head instanceof Promise ? await head : head,
          );
        }
      }
    }
  }

  async #know(
    event_id: string,
    lookup: Promise<StoredEvent | undefined>,
  ): Promise<void> {
    try {
      const stored = await lookup;
      if (stored !== undefined) this.#known.set(event_id, stored);
    } catch (error) {
      // A copy that cannot be read concerns those alone who ask for it.
      if (!(error instanceof SinkError)) throw error;
      this.#known.set(event_id, error);
    }
  }

  /** The bytes of the lines. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }

  /** How many bytes the lines take. */
  get length(): number {
    return this.ends.at(-1) ?? 0;
  }

  /** Whether there is anything to write. */
  get isEmpty(): boolean {
    return this.events.length === 0;
  }

  /**
   * Takes requests in, in their order, as long as there is room. One that cannot
   * be stored leaves no trace in the others. It is told so only with them, since
   * what it clashes with must be stored first.
   *
   * @param requests Those that were looked up.
   * @returns How many have been dealt with; at least one if there are any.
   */
  add(requests: readonly AppendRequest[]): number {
    const count = this.events.length;
    let stored: StoredEvent[];
    try {
      stored = this.#link(requests);
    } catch (error) {
      this.#forget(count);
      if (requests.length > 1) return this.#addEach(requests);
      const result = new Refusal(error);
      this.#taken.push({ request: requests[0]!, result });
      return 1;
    }
    let from = 0;
    let taken = 0;
    for (const request of requests) {
      if (from === stored.length && request.events.length > 0) break;
      const to = from + request.events.length;
      this.#taken.push({ request, result: stored.slice(from, to) });
      from = to;
      taken++;
    }
    for (const each of stored) {
      this.#known.set(each.event.event_id, each);
    }
    for (const { trace_id, hash } of this.events.slice(count)) {
      this.#heads.set(trace_id, hash);
    }
    return taken;
  }

  /** The same one by one, to find the one that cannot be stored. */
  #addEach(requests: readonly AppendRequest[]): number {
    let taken = 0;
    for (const request of requests) {
      if (this.add([request]) === 0) break;
      taken++;
    }
    return taken;
  }

  /** How long the group may become, now that it has its length. */
  get #limit(): number {
    const { room } = this.#log;
    // What does not fit behind the lines that are there begins a new part.
    const limit = this.length > room ? this.#options.maxBytes : room;
    return Math.min(limit, GROUP_BYTES_MAX);
  }

  /** The places of the events of as many requests as there is room for. */
  #link(requests: readonly AppendRequest[]): StoredEvent[] {
    // All at once, since most appends bring one event and succeed.
    const events = requests.length === 1
      ? requests[0]!.events
      : requests.flatMap(({ events }) => events);
    const placed = linkBatch(events, {
      stored: (event_id) => this.#stored(event_id),
      head: (trace_id) => this.#heads.get(trace_id)!,
    }, this.#options.signKey);
    const stored: StoredEvent[] = [];
    for (const request of requests) {
      const count = this.events.length;
      const from = stored.length;
      const limit = this.#limit;
      for (const place of placed.slice(from, from + request.events.length)) {
        stored.push(this.#place(place, stored));
      }
      if (count > 0 && this.events.length > count && this.length > limit) {
        this.#forget(count);
        return stored.slice(0, from);
      }
    }
    return stored;
  }

  #place(place: Placed, stored: readonly StoredEvent[]): StoredEvent {
    if (place.kind === "stored") return place.stored;
    if (place.kind === "repeat") return stored[place.of]!;
    this.#encode(place.event);
    const seq = this.#log.lastSeq + this.events.length;
    return Object.freeze({ seq, event: place.event });
  }

  #stored(event_id: string): StoredEvent | undefined {
    const known = this.#known.get(event_id);
    if (known instanceof SinkError) throw known;
    return known;
  }

  #encode(event: Event): void {
    const text = serializeEvent(event);
    const start = this.length;
    // A UTF-16 unit takes at most three bytes.
    const needed = start + text.length * 3 + 1;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, start));
      this.#buffer = grown;
    }
    const { written } = encoder.encodeInto(text, this.#buffer.subarray(start));
    if (written > this.#options.eventBytesMax) {
      throw new SinkError(
        "invalid_event",
        `Cannot append event ${event.event_id}: its text takes ${written} ` +
          `bytes, and eventBytesMax is ${this.#options.eventBytesMax}. Store ` +
          "large things elsewhere and log a reference",
        { event_id: event.event_id },
      );
    }
    this.#buffer[start + written] = 10;
    this.events.push(event);
    this.ends.push(start + written + 1);
  }

  #forget(count: number): void {
    this.events.length = count;
    this.ends.length = count;
  }

  /** Tells the callers where their events are, or why they were refused. */
  settle(): void {
    for (const { request, result } of this.#taken) {
      if (result instanceof Refusal) request.reject(result.reason);
      else request.resolve(result);
    }
  }

  /** The requests that were taken in, in their order. */
  get requests(): AppendRequest[] {
    return this.#taken.map(({ request }) => request);
  }
}
