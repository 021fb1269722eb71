import {
  AnchorRecorder,
  type DestinationState,
  type Event,
  EventBus,
} from "@zu/backends/sinks";
import type { DemoLog } from "./demo_log.ts";

/** How many events are on their way to the log at once; they share commits. */
const IN_FLIGHT = 64;
/** How long to wait for the copy to catch up. */
const DRAIN_TIMEOUT_MS = 60_000;

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

/**
 * Publishes events: to the log first, then to the copy, with an anchor of each
 * trace at the end.
 */
export async function replay(
  events: Iterable<Event>,
  { log, copy, anchors }: DemoLog,
  { total, onProgress, signal }: ReplayOptions,
): Promise<ReplayResult> {
  await using recorder = new AnchorRecorder(log, anchors);
  await using bus = new EventBus(log, {
    // Nothing may be dropped, however far the copy falls behind.
    queueMax: total,
    drainTimeoutMs: DRAIN_TIMEOUT_MS,
  });
  bus.addDestination("copy", copy);
  bus.addDestination("anchors", (stored) => recorder.record(stored));

  const start = performance.now();
  let stored = 0;
  for (const batch of batches(events, IN_FLIGHT)) {
    signal.throwIfAborted();
    await Promise.all(batch.map((event) => bus.publish(event)));
    stored += batch.length;
    onProgress(stored);
  }
  const storedMs = performance.now() - start;
  await bus.close();
  await recorder.flush();
  const shippedMs = performance.now() - start;
  return { storedMs, shippedMs, destinations: bus.destinations };
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
