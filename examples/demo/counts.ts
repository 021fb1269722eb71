import type { Event } from "@zu/backends/sinks";

/** How many events of each kind there are. */
export interface Counts {
  /** All of them. */
  readonly events: number;
  /** By type. */
  readonly byType: ReadonlyMap<string, number>;
  /** By trace, in the order in which they began. */
  readonly byTrace: ReadonlyMap<string, number>;
}

/** Counts events. */
export async function countEvents(
  events: Iterable<Event> | AsyncIterable<Event>,
): Promise<Counts> {
  let count = 0;
  const byType = new Map<string, number>();
  const byTrace = new Map<string, number>();
  for await (const { type, trace_id } of events) {
    count++;
    byType.set(type, (byType.get(type) ?? 0) + 1);
    byTrace.set(trace_id, (byTrace.get(trace_id) ?? 0) + 1);
  }
  return { events: count, byType, byTrace };
}
