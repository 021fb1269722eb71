// The text of an event, taken once when the event is made, so that what is
// digested, what is stored and what was accepted are the same bytes.
import type { Event } from "./event.ts";
import type { SourceValue } from "./_json_source.ts";

/** What is remembered of an event beside its fields. */
export interface EventText {
  /** Stored text up to the chain fields, without the closing brace. */
  readonly core: string;
  /** The payload as its source spelt it, where JS values cannot say the same. */
  readonly source?: SourceValue;
}

const texts = new WeakMap<Event, EventText>();

/** Everything of an event but its chain fields. */
export type EventContent = Omit<Event, "prev_hash" | "hash" | "sig">;

/** An event's chain fields. */
export type ChainFields = Pick<Event, "prev_hash" | "hash" | "sig">;

/** The fields of an event that has none of the chain. */
export const UNLINKED: ChainFields = { prev_hash: null, hash: null, sig: null };

const quoted = JSON.stringify;

/** Stored text up to the chain fields, for a payload whose text is known. */
export function coreText(content: EventContent, payload: string): string {
  const parent = content.parent_id === null ? "null" : `"${content.parent_id}"`;
  return `{"event_id":"${content.event_id}","trace_id":"${content.trace_id}",` +
    `"task_id":"${content.task_id}","parent_id":${parent},` +
    `"type":${quoted(content.type)},"ts":"${content.ts}",` +
    `"source":${quoted(content.source)},"payload":${payload},` +
    `"schema_version":${content.schema_version}`;
}

function nullable(hex: string | null): string {
  return hex === null ? "null" : `"${hex}"`;
}

/** Stored text from its two parts. */
export function joinText(core: string, chain: ChainFields): string {
  return `${core},"prev_hash":${nullable(chain.prev_hash)},` +
    `"hash":${nullable(chain.hash)},"sig":${nullable(chain.sig)}}`;
}

/** Makes the one kind of event object there is: frozen, and with its text. */
export function makeEvent(
  content: EventContent,
  chain: ChainFields,
  text: EventText,
): Event {
  const event: Event = Object.freeze({
    event_id: content.event_id,
    trace_id: content.trace_id,
    task_id: content.task_id,
    parent_id: content.parent_id,
    type: content.type,
    ts: content.ts,
    source: content.source,
    payload: content.payload,
    schema_version: content.schema_version,
    prev_hash: chain.prev_hash,
    hash: chain.hash,
    sig: chain.sig,
  });
  texts.set(event, text);
  return event;
}

/** What is remembered of an event, or undefined for an object from elsewhere. */
export function textOf(event: Event): EventText | undefined {
  return texts.get(event);
}
