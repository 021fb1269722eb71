// What verification needs of an event, from its stored text or from the event.
// Verification reads whole logs, and scanning the text is far faster than
// parsing it. What the scan does not take is left to parseEvent.
import { escapeToAscii } from "./_canonical.ts";
import { admitEvent } from "./create_event.ts";
import type { Event } from "./event.ts";
import { timestampField } from "./_event_fields.ts";
import { canonicalEvent } from "./hash_chain.ts";
import { parseEvent } from "./parse_event.ts";
import { scanPayload } from "./_scan_payload.ts";

/** What verification needs to know of a stored event. */
export interface Sealed {
  readonly event_id: string;
  readonly trace_id: string;
  readonly task_id: string;
  readonly parent_id: string | null;
  readonly type: string;
  readonly source: string;
  readonly prev_hash: string | null;
  readonly hash: string | null;
  readonly sig: string | null;
  /** The text that the hash is taken over, with the event's own `prev_hash`. */
  readonly canonical: string;
}

/** Spelt out: with counts in braces, a scan takes a third longer. */
function hex(digits: number): string {
  return "[0-9a-f]".repeat(digits);
}

const UUID = [8, 4, 4, 4, 12].map(hex).join("-");
const PLAIN = '[^"\\\\\\x00-\\x1f]*';
const TS = "(?!0000)\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])" +
  "T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.(?!000000)\\d{6})?" +
  "(?:Z|[+-](?!00:00)(?:[01]\\d|2[0-3]):[0-5]\\d)?";
const DIGEST = `null|"${hex(64)}"`;

/** Everything before the payload. */
const HEAD = new RegExp(
  `^\\{"event_id":"(${UUID})","trace_id":"(${UUID})","task_id":"(${UUID})",` +
    `"parent_id":(null|"${UUID}"),"type":"((?:harness|data)\\.${PLAIN})",` +
    `"ts":"(${TS})","source":"(${PLAIN})","payload":(?=\\{)`,
);
/** Everything behind it; files from before the chain lack its three fields. */
const TAIL = new RegExp(
  `,"schema_version":(0|-?[1-9]\\d{0,14})` +
    `(?:,"prev_hash":(${DIGEST}),"hash":(${DIGEST}),"sig":(${DIGEST}))?\\}$`,
  "y",
);

function unquoted(field: string | undefined): string | null {
  return field === undefined || field === "null" ? null : field.slice(1, -1);
}

/**
 * Reads an event's stored text.
 *
 * @returns `undefined` for a text in any other form, which may be a valid event
 * all the same.
 */
export function readStoredText(text: string): Sealed | undefined {
  const head = HEAD.exec(text);
  if (head === null || !text.isWellFormed()) return undefined;
  const [start, event_id, trace_id, task_id, parent, type, ts, source] =
    head as unknown as string[];
  // The expression lets every month have 31 days.
  if (ts!.charCodeAt(8) >= 0x32 && ts!.slice(8, 10) > "28") {
    try {
      timestampField(ts);
    } catch {
      return undefined;
    }
  }
  const payload = scanPayload(text, start!.length);
  if (payload === undefined) return undefined;
  TAIL.lastIndex = payload.end;
  const tail = TAIL.exec(text);
  if (tail === null) return undefined;
  const [, version, prev = "null", hash, sig] = tail;
  return {
    event_id: event_id!,
    trace_id: trace_id!,
    task_id: task_id!,
    parent_id: unquoted(parent),
    type: type!,
    source: source!,
    prev_hash: unquoted(prev),
    hash: unquoted(hash),
    sig: unquoted(sig),
    canonical: escapeToAscii(
      `{"event_id":"${event_id}","parent_id":${parent},"payload":${payload.canonical},` +
        `"prev_hash":${prev},"schema_version":${version},` +
        `"source":"${source}","task_id":"${task_id}",` +
        `"trace_id":"${trace_id}","ts":"${ts}","type":"${type}"}`,
    ),
  };
}

/** The same of an event, whoever made it. */
export function sealedEvent(event: Event): Sealed {
  const admitted = admitEvent(event);
  const canonical = canonicalEvent(admitted, admitted.prev_hash);
  return { ...admitted, canonical };
}

/**
 * Reads an event's text, in stored form or not.
 *
 * @throws {SinkError} `invalid_event`, for a text that is no event.
 */
export function readSealed(text: string): Sealed {
  return readStoredText(text) ?? sealedEvent(parseEvent(text));
}
