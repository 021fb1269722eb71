// Whether what the target says it holds of an event is that event.
import { CopyStop } from "./_copy_stop.ts";
import { admitEvent } from "./create_event.ts";
import type { Event, StoredEvent } from "./event.ts";
import { EVENT_FIELDS } from "./_event_fields.ts";
import { UNLINKED, wholeText } from "./_event_text.ts";
import { isLinked } from "./hash_chain.ts";

/**
 * Compares an event's text with the target's copy: to the letter, except that
 * the target gives chain fields to an event that has none.
 */
export function compareCopy(
  event: Event,
  seq: number,
  text: string,
  copy: StoredEvent | undefined,
): asserts copy is StoredEvent {
  const { event_id } = event;
  const name = `event ${event_id} at seq ${seq} of the source`;
  if (copy === undefined) {
    const found = `the target has acknowledged the ${name}, and did not say ` +
      "where it stands";
    const todo = "The target's adapter breaks the port's contract: run " +
      "testEventSink on it";
    throw new CopyStop("io", found, { todo, seq, event_id });
  }
  const held = admitEvent(copy.event);
  const isLinkedHere = isLinked(event);
  if (wholeText(held, isLinkedHere ? held : UNLINKED) === text) return;
  const differ = [...EVENT_FIELDS as Set<keyof Event>].filter((field) =>
    (isLinkedHere || !(field in UNLINKED)) &&
    JSON.stringify(held[field]) !== JSON.stringify(event[field])
  );
  const isSigned = event.sig === null && differ.join() === "sig";
  // Numbers that JS cannot tell apart are in the payload alone.
  const found =
    `the target holds the ${name} at seq ${copy.seq} with another ` +
    `${differ.join(", ") || "spelling of its payload"}`;
  const todo = isSigned
    ? "The target signs what it appends, and the source's event has no " +
      "signature: copy into a target that was opened without signKey"
    : "Copy into another log, or find out who wrote that event";
  throw new CopyStop("duplicate_id", found, { todo, seq, event_id });
}
