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

/** What is left of counts when other events are not counted. */
export function withoutCounts(all: Counts, others: Counts): Counts {
  const subtract = (
    counts: Counts["byType"],
    without: Counts["byType"],
  ) =>
    new Map(
      Array.from(counts, ([key, count]): [string, number] => {
        return [key, count - (without.get(key) ?? 0)];
      }).filter(([, count]) => count !== 0),
    );
  return {
    events: all.events - others.events,
    byType: subtract(all.byType, others.byType),
    byTrace: subtract(all.byTrace, others.byTrace),
  };
}
