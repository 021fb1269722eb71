import { createEvent, type Event } from "@zu/backends/sinks";

/** Makes an event of a trace, that can be found by its user. */
export function visitOf(trace_id: string, user: string): Event {
  return createEvent({
    trace_id,
    task_id: trace_id,
    type: "data.page",
    source: "tests",
    payload: { ctx: { user } },
  });
}
