// Chains are checked over events as a caller has them: bare, or as stored.
import type { Event, StoredEvent } from "./event.ts";

/** An event with its place in the log, where it has one. */
export function unpack(
  item: Event | StoredEvent,
): StoredEvent | { event: Event; seq?: undefined } {
  return "event" in item ? item : { event: item };
}

/** The message for events of several traces, where one trace is needed. */
export function severalTraces(what: string, a: Event, b: Event): string {
  return `Cannot ${what} several traces: there are events of ${a.trace_id} ` +
    `and of ${b.trace_id}. Give those of one`;
}
