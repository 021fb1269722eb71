import type { Anchor } from "./anchor.ts";
import { severalTraces, unpack } from "./_chain_items.ts";
import type { Event, StoredEvent } from "./event.ts";

/**
 * The anchor of a trace as it stands.
 *
 * @param events Every event of one trace, from the first, in log order.
 * @returns The anchor, or `undefined` if the last event has no hash or there is
 * none.
 * @throws {TypeError} If the events are of several traces.
 *
 * @example An anchor of two events
 * ```ts
 * import { chainHead, createEvent, MemorySink } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * await using sink = new MemorySink();
 * const trace_id = "0190163d-8694-739b-aea5-966c26f8ad90";
 * const of = { trace_id, task_id: trace_id, source: "loop" };
 * await sink.append(createEvent({ ...of, type: "harness.a" }));
 * const last = await sink.append(createEvent({ ...of, type: "harness.b" }));
 *
 * const anchor = chainHead(await sink.query({ trace_id }));
 * assertEquals(anchor, { trace_id, seq: 2, head: last.event.hash ?? "" });
 * ```
 */
export function chainHead(
  events: Iterable<Event | StoredEvent>,
): Anchor | undefined {
  let seq = 0;
  let last: Event | undefined;
  for (const item of events) {
    const { event } = unpack(item);
    if (last !== undefined && last.trace_id !== event.trace_id) {
      throw new TypeError(severalTraces("take the head of", last, event));
    }
    last = event;
    seq++;
  }
  if (last === undefined || last.hash === null) return undefined;
  return { trace_id: last.trace_id, seq, head: last.hash };
}
