// Events that are told apart by a number, for the tests of single sinks.
import {
  createEvent,
  type Event,
  type EventInit,
  type StoredEvent,
} from "../../sinks/mod.ts";

/** A UUID that ends in the number. */
export function uuid(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}

/** An event of trace 1; its id ends in the number. */
export function sample(number: number, init: Partial<EventInit> = {}): Event {
  return createEvent({
    event_id: uuid(number),
    trace_id: uuid(1),
    task_id: uuid(2),
    type: "harness.step",
    source: "tests",
    ts: "2024-01-02T03:04:05Z",
    payload: { n: number },
    ...init,
  });
}

/** Events with ids from a number on. */
export function samples(
  count: number,
  from = 1,
  init: Partial<EventInit> = {},
): Event[] {
  return Array.from({ length: count }, (_, i) => sample(from + i, init));
}

/** The ids of events, as the numbers that they end in. */
export function numbers(stored: readonly StoredEvent[]): number[] {
  return stored.map(({ event }) => parseInt(event.event_id.slice(-12), 16));
}
