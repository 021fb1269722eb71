// A sink that breaks one rule, as someone might well write it, and the means to
// make one.
import {
  createEvent,
  type Event,
  type EventFilter,
  type EventSink,
  MemorySink,
  type MemorySinkOptions,
  type QueryOptions,
  type SinkSupports,
  type StoredEvent,
  type StreamOptions,
} from "../../../sinks/mod.ts";
import type { EventSinkTestOptions } from "../../conformance/mod.ts";

/** A sink that breaks a rule, and the rule that must find it out. */
export interface Breach {
  /** What the sink does wrong. */
  readonly what: string;
  /** The rule that it breaks. */
  readonly rule: string;
  /** Opens the sink. */
  readonly open: EventSinkTestOptions["open"];
  /** What it declares; everything when left out. */
  readonly supports?: SinkSupports;
}

/** What the memory sink declares. */
export const IN_MEMORY: SinkSupports = new MemorySink().supports;

/** A sound sink, whose methods are replaced one by one. */
export class Sound implements EventSink {
  readonly name = "broken";
  readonly supports = IN_MEMORY;
  readonly inner: EventSink;

  constructor(inner: EventSink) {
    this.inner = inner;
  }

  append(event: Event): Promise<StoredEvent> {
    return this.inner.append(event);
  }

  appendAll(events: Iterable<Event>): Promise<StoredEvent[]> {
    return this.inner.appendAll(events);
  }

  query(filter?: EventFilter, options?: QueryOptions): Promise<StoredEvent[]> {
    return this.inner.query(filter, options);
  }

  stream(
    filter?: EventFilter,
    options?: StreamOptions,
  ): AsyncIterable<StoredEvent> {
    return this.inner.stream(filter, options);
  }

  count(filter?: EventFilter): Promise<number> {
    return this.inner.count(filter);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Opens a sink that breaks nothing, as a check on those that do. */
export function openSound(_log: unknown, options: MemorySinkOptions): Sound {
  return new Sound(new MemorySink(options));
}

/** A breach by a sink that is sound but for the methods that are given. */
export function breach(
  what: string,
  rule: string,
  replace: (sound: Sound, options: MemorySinkOptions) => Partial<EventSink>,
): Breach {
  const open: Breach["open"] = (_log, options) => {
    const sink = new Sound(new MemorySink(options));
    return Object.assign(sink, replace(sink, options));
  };
  return { what, rule, open, supports: IN_MEMORY };
}

/** The event without its chain fields. */
export function unlinked(event: Event): Event {
  return createEvent({ ...event, prev_hash: null, hash: null, sig: null });
}

/** Resolves after so many microtasks. */
export function turns(count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const turn = (left: number): unknown =>
    left === 0 ? resolve() : queueMicrotask(() => turn(left - 1));
  turn(count);
  return promise;
}
