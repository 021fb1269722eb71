import type { DestinationState, Event } from "@zu/backends/sinks";
import type { DemoLog } from "./demo_log.ts";
import { ship } from "./shipping.ts";

/** How many events are on their way to the log at once; they share commits. */
const IN_FLIGHT = 64;

/** How to replay. */
export interface ReplayOptions {
  /** How many events there are. */
  readonly total: number;
  /** Is told how many events are stored. */
  readonly onProgress: (stored: number) => void;
  /** Ends the replay. */
  readonly signal: AbortSignal;
}

/** How a replay went. */
export interface ReplayResult {
  /** How long it took until every event was stored, in milliseconds. */
  readonly storedMs: number;
  /** How long it took until the copy and the anchors were there, too. */
  readonly shippedMs: number;
  /** How the copy and the anchors fared. */
  readonly destinations: readonly DestinationState[];
}

/** Publishes a log's events, as many at once as there may be on their way. */
export async function replay(
  events: Iterable<Event>,
  demoLog: DemoLog,
  { total, onProgress, signal }: ReplayOptions,
): Promise<ReplayResult> {
  const start = performance.now();
  let storedMs = 0;
  const destinations = await ship(demoLog, total, async (publish) => {
    let stored = 0;
    for (const batch of batches(events, IN_FLIGHT)) {
      signal.throwIfAborted();
      await Promise.all(batch.map(publish));
      stored += batch.length;
      onProgress(stored);
    }
    storedMs = performance.now() - start;
  });
  const shippedMs = performance.now() - start;
  return { storedMs, shippedMs, destinations };
}

function* batches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
