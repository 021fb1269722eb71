// An event and its text. The payload is frozen with the event, so the text can be
// made anew at any time and is always the same.
import type { Event } from "./event.ts";
import { readSource, type SourceValue, storedText } from "./_json_source.ts";

/** What is remembered of an event beside its fields. */
export interface EventText {
  /** The payload as its source spelt it, where JS values cannot say the same. */
  readonly source?: SourceValue;
}

/**
 * The text that an event was parsed from. Most events that are read are never
 * digested or written again, so it is looked into when that is asked for.
 */
export interface UnreadText {
  readonly json: string;
}

/** An event whose payload JS writes as its source did. */
export const NATIVE: EventText = {};

/** Returns the object that it is given, for a subclass to put a field on. */
class Returned {
  constructor(event: Event) {
    return event;
  }
}

/**
 * Marks an event with a private field. A WeakMap would do the same, and made
 * reading a log a third slower: V8's collector visits it with each sweep.
 */
class Marked extends Returned {
  #text: EventText | UnreadText;

  constructor(event: Event, text: EventText | UnreadText) {
    super(event);
    this.#text = text;
  }

  static textOf(event: Event): EventText | undefined {
    if (!(#text in event)) return undefined;
    const marked = event as unknown as Marked;
    const text = marked.#text;
    if (!("json" in text)) return text;
    return marked.#text = readText(event, text.json);
  }

  static isMarked(event: Event): boolean {
    return #text in event;
  }
}

/** Looks whether there is anything in an event's source that JS cannot say. */
function readText(event: Event, json: string): EventText {
  const native = JSON.stringify(event.payload);
  if (isOwnText(json, native, event)) return NATIVE;
  const fields = readSource(json) as Map<string, SourceValue>;
  const source = fields.get("payload")!;
  return storedText(source) === native ? NATIVE : { source };
}

/**
 * Whether a text is to the letter what JS would write for the event. Compared in
 * pieces, which copies none of it.
 */
function isOwnText(json: string, payload: string, event: Event): boolean {
  const head = headText(event);
  const tail = tailText(event.schema_version, event);
  const length = head.length + payload.length + tail.length;
  return json.length === length && json.startsWith(head) &&
    json.startsWith(payload, head.length) && json.endsWith(tail);
}

/** Everything of an event but its chain fields. */
export type EventContent = Omit<Event, "prev_hash" | "hash" | "sig">;

/** An event's chain fields. */
export type ChainFields = Pick<Event, "prev_hash" | "hash" | "sig">;

/** The fields of an event that has none of the chain. */
export const UNLINKED: ChainFields = { prev_hash: null, hash: null, sig: null };

const quoted = JSON.stringify;

/** Stored text up to the payload. */
export function headText(content: EventContent): string {
  const parent = content.parent_id === null ? "null" : `"${content.parent_id}"`;
  return `{"event_id":"${content.event_id}","trace_id":"${content.trace_id}",` +
    `"task_id":"${content.task_id}","parent_id":${parent},` +
    `"type":${quoted(content.type)},"ts":"${content.ts}",` +
    `"source":${quoted(content.source)},"payload":`;
}

/** Stored text behind the payload. */
export function tailText(schema_version: number, chain: ChainFields): string {
  return `,"schema_version":${schema_version},` +
    `"prev_hash":${nullable(chain.prev_hash)},` +
    `"hash":${nullable(chain.hash)},"sig":${nullable(chain.sig)}}`;
}

/** Stored text of a known event, with the given chain fields. */
export function wholeText(event: Event, chain: ChainFields): string {
  const { source } = Marked.textOf(event) ?? NATIVE;
  const payload = source === undefined
    ? JSON.stringify(event.payload)
    : storedText(source);
  return headText(event) + payload + tailText(event.schema_version, chain);
}

function nullable(hex: string | null): string {
  return hex === null ? "null" : `"${hex}"`;
}

/** Makes the one kind of event object there is: frozen, and with its text. */
export function makeEvent(
  content: EventContent,
  chain: ChainFields,
  text: EventText | UnreadText,
): Event {
  const event: Event = {
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
  };
  new Marked(event, text);
  return Object.freeze(event);
}

/** What is remembered of an event, or undefined for an object from elsewhere. */
export function textOf(event: Event): EventText | undefined {
  return Marked.textOf(event);
}

/** Whether an event was made here, and need not be checked again. */
export function isKnown(event: Event): boolean {
  return Marked.isMarked(event);
}
