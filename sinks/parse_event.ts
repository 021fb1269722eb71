import type { Event } from "./event.ts";
import {
  digestField,
  EVENT_FIELDS,
  refuse,
  schemaVersionField,
  textField,
  timestampField,
  typeField,
  uuidField,
} from "./_event_fields.ts";
import { type EventContent, makeEvent, wholeText } from "./_event_text.ts";
import { admitEvent } from "./create_event.ts";
import { readSource } from "./_json_source.ts";
import { PAYLOAD_DEPTH_MAX } from "./_payload.ts";
import { SinkError } from "./sink_error.ts";

/**
 * Freezes what JSON.parse returned: plain objects and arrays all the way. Of
 * numbers it refuses those beyond a double, which JSON.parse makes infinite.
 */
function freezeJson(value: unknown, depth: number): void {
  if (typeof value === "number" && !Number.isFinite(value)) {
    refuse("a number of the payload", value, "it must be a finite double");
  }
  if (typeof value !== "object" || value === null) return;
  if (depth > PAYLOAD_DEPTH_MAX) {
    const rule = `a payload may nest ${PAYLOAD_DEPTH_MAX} levels`;
    refuse("the payload", "nested deeper", rule);
  }
  Object.freeze(value);
  if (Array.isArray(value)) {
    for (const item of value) freezeJson(item, depth + 1);
  } else {
    for (const key in value) {
      freezeJson((value as Record<string, unknown>)[key], depth + 1);
    }
  }
}

const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;

/** Whether a text may hold lone surrogates, or fields that nobody has checked. */
function mayBeRefused(json: string, fields: Record<string, unknown>): boolean {
  if (ESCAPED_SURROGATE.test(json)) return true;
  for (const key in fields) {
    if (!EVENT_FIELDS.has(key)) return true;
  }
  return false;
}

function readFields(json: string): Record<string, unknown> {
  if (typeof json !== "string") {
    throw new TypeError("Cannot parse an event: the text is not a string");
  }
  // Half of a pair might meet the other half as an escape, and be whole by that.
  if (!json.isWellFormed()) {
    refuse("the text", json, "it must not contain a lone surrogate");
  }
  let fields: unknown;
  try {
    fields = JSON.parse(json);
  } catch (cause) {
    throw new SinkError(
      "invalid_event",
      `Cannot parse the event: the text is not JSON (${
        (cause as Error).message
      })`,
      { cause },
    );
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    refuse("the text", fields, "it must be a JSON object");
  }
  return fields as Record<string, unknown>;
}

/**
 * Reads an event from its JSON text, which need not be in stored form: fields
 * may come in any order, ids in any usual spelling, and unknown fields are
 * ignored. Files from before the hash chain lack its fields, which are then
 * `null`.
 *
 * The event remembers the numbers of its own text, so that digests are exact
 * for numbers that JS cannot tell apart (`1.0`, `-0.0`, integers of any size).
 *
 * @param json The text of one event.
 * @returns The frozen event.
 * @throws {SinkError} `invalid_event`, naming what is wrong.
 *
 * @example A number that JS has no spelling for survives
 * ```ts
 * import { parseEvent, serializeEvent } from "@zu/backends/sinks";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const event = parseEvent(`{
 *   "event_id": "00000000-0000-4000-8000-000000000001",
 *   "trace_id": "00000000-0000-0000-0000-0000000000aa",
 *   "task_id": "00000000-0000-0000-0000-0000000000bb",
 *   "type": "data.price", "ts": "2024-01-02T03:04:05Z", "source": "shop",
 *   "payload": { "price": 1.0 }
 * }`);
 * assertStringIncludes(serializeEvent(event), '"payload":{"price":1.0}');
 * ```
 */
export function parseEvent(json: string): Event {
  const fields = readFields(json);
  const { parent_id = null, payload, schema_version = 1 } = fields;
  if (
    typeof payload !== "object" || payload === null || Array.isArray(payload)
  ) {
    refuse("payload", payload, "it must be a JSON object");
  }
  freezeJson(payload, 1);
  const content: EventContent = {
    event_id: uuidField("event_id", fields.event_id),
    trace_id: uuidField("trace_id", fields.trace_id),
    task_id: uuidField("task_id", fields.task_id),
    parent_id: parent_id === null ? null : uuidField("parent_id", parent_id),
    type: typeField(fields.type),
    ts: timestampField(fields.ts),
    source: textField("source", fields.source),
    payload: payload as Record<string, unknown>,
    schema_version: schemaVersionField(schema_version),
  };
  const chain = {
    prev_hash: digestField("prev_hash", fields.prev_hash),
    hash: digestField("hash", fields.hash),
    sig: digestField("sig", fields.sig),
  };
  // The text itself is looked into later. What would be refused then, is now.
  if (mayBeRefused(json, fields)) readSource(json);
  return makeEvent(content, chain, { json });
}

/**
 * Writes an event as the one line of text that is stored: compact JSON, keys in
 * a fixed order, nulls written.
 *
 * @param event The event.
 * @returns The stored text, without a newline.
 * @throws {SinkError} `invalid_event`, for an object that is no valid event.
 *
 * @example There and back
 * ```ts
 * import { createEvent, parseEvent, serializeEvent } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * const event = createEvent({
 *   trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *   task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *   type: "data.page",
 *   source: "fetch",
 * });
 * assertEquals(parseEvent(serializeEvent(event)), event);
 * ```
 */
export function serializeEvent(event: Event): string {
  const admitted = admitEvent(event);
  return wholeText(admitted, admitted);
}
