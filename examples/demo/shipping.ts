import {
  AnchorRecorder,
  type DestinationState,
  type Event,
  EventBus,
  type StoredEvent,
} from "@zu/backends/sinks";
import type { DemoLog } from "./demo_log.ts";

/** How long to wait for the copy to catch up. */
const DRAIN_TIMEOUT_MS = 60_000;

/** Publishes an event; resolves when the log has it. */
export type Publish = (event: Event) => Promise<StoredEvent>;

/**
 * Publishes events: to the log first, then to the copy, with an anchor of each
 * trace at the end.
 *
 * @param demoLog The log, the copy and the anchors.
 * @param queueMax How many events there are at most: nothing may be dropped,
 * however far the copy falls behind.
 * @param use Publishes them.
 * @returns How the copy and the anchors fared, once they have everything.
 */
export async function ship(
  { log, copy, anchors }: DemoLog,
  queueMax: number,
  use: (publish: Publish) => Promise<void>,
): Promise<readonly DestinationState[]> {
  await using recorder = new AnchorRecorder(log, anchors);
  await using bus = new EventBus(log, {
    queueMax,
    drainTimeoutMs: DRAIN_TIMEOUT_MS,
  });
  bus.addDestination("copy", copy);
  bus.addDestination("anchors", (stored) => recorder.record(stored));
  await use((event) => bus.publish(event));
  await bus.close();
  await recorder.flush();
  return bus.destinations;
}
