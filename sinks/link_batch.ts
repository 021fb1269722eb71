import type { Event, StoredEvent } from "./event.ts";
import { UNLINKED, wholeText } from "./_event_text.ts";
import { canonicalEvent, linkEvent } from "./hash_chain.ts";
import { SinkError } from "./sink_error.ts";

/** What a sink knows of its log before it appends a batch. */
export interface LogView {
  /** The stored event with this id, `undefined` where there is none. */
  stored(event_id: string): StoredEvent | undefined;
  /** The hash of the trace's last event, `null` where the chain begins. */
  head(trace_id: string): string | null;
}

/** An event of a batch: linked and to be stored, or in the log already. */
export type Placed =
  | {
    /** Not in the log: to be stored as it is here. */
    readonly kind: "new";
    /** The event with its chain fields. */
    readonly event: Event;
  }
  | {
    /** In the log already. */
    readonly kind: "stored";
    /** The stored copy. */
    readonly stored: StoredEvent;
  }
  | {
    /** The same as an earlier event of this batch. */
    readonly kind: "repeat";
    /** The earlier event's index in the batch. */
    readonly of: number;
  };

const CHAIN_FIELDS = ["prev_hash", "hash", "sig"] as const;

/**
 * Whether an event says the same as one that is stored. Chain fields do not
 * count unless the event came with them. Key order does not count.
 */
export function isSameEvent(event: Event, stored: Event): boolean {
  for (const field of CHAIN_FIELDS) {
    if (event[field] !== null && event[field] !== stored[field]) return false;
  }
  return wholeText(event, UNLINKED) === wholeText(stored, UNLINKED) ||
    canonicalEvent(event, null) === canonicalEvent(stored, null);
}

/** The error for an id that is taken. */
export function duplicateId(event: Event, seq?: number): SinkError {
  const place = seq === undefined ? "in the same batch" : `at seq ${seq}`;
  return new SinkError(
    "duplicate_id",
    `Cannot append event ${event.event_id}: another event with this id and ` +
      `other content stands ${place}. Give the new event an id of its own`,
    { seq, event_id: event.event_id },
  );
}

/**
 * Decides which events of a batch are new and how the new ones link: where
 * idempotence and the chain meet. Pure, so that every sink decides alike.
 *
 * @param events The batch: events that `admitEvent` has let in.
 * @param log What the sink knows of its log.
 * @param signKey The signing key, if events are to be signed.
 * @returns A place for each event, in the batch's order.
 * @throws {SinkError} `duplicate_id` or `broken_link`; then nothing of the batch
 * may be stored.
 *
 * @example A batch with a repetition
 * ```ts
 * import { createEvent, linkBatch } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * const event = createEvent({
 *   trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *   task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *   type: "harness.task.started",
 *   source: "loop",
 * });
 * const placed = linkBatch([event, event], {
 *   stored: () => undefined,
 *   head: () => null,
 * });
 * assertEquals(placed.map(({ kind }) => kind), ["new", "repeat"]);
 * ```
 */
export function linkBatch(
  events: readonly Event[],
  log: LogView,
  signKey?: Uint8Array,
): Placed[] {
  const placed: Placed[] = [];
  const heads = new Map<string, string | null>();
  const inBatch = new Map<string, number>();
  for (const event of events) {
    const { event_id, trace_id } = event;
    const stored = log.stored(event_id);
    const earlier = inBatch.get(event_id);
    if (stored !== undefined) {
      if (!isSameEvent(event, stored.event)) {
        throw duplicateId(event, stored.seq);
      }
      placed.push({ kind: "stored", stored });
    } else if (earlier !== undefined) {
      const first = placed[earlier] as { event: Event };
      if (!isSameEvent(event, first.event)) throw duplicateId(event);
      placed.push({ kind: "repeat", of: earlier });
    } else {
      const head = heads.get(trace_id);
      const linked = linkEvent(
        event,
        head === undefined ? log.head(trace_id) : head,
        signKey,
      );
      heads.set(trace_id, linked.hash);
      inBatch.set(event_id, placed.length);
      placed.push({ kind: "new", event: linked });
    }
  }
  return placed;
}
