import { uuidv7 } from "uuidv7";
import type { Event, EventInit } from "./event.ts";
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
import {
  type EventContent,
  isKnown,
  makeEvent,
  NATIVE,
} from "./_event_text.ts";
import { takePayload } from "./_payload.ts";
import { SinkError } from "./sink_error.ts";

/**
 * Makes an event: checks every field, fills in what was left out, and freezes a
 * copy, so that later changes to the caller's objects do not reach it.
 *
 * Members of the payload that are `undefined` are left out, as `JSON.stringify`
 * does. Strings must be well-formed, numbers finite, and nesting at most 199
 * levels deep.
 *
 * @param init The event's fields, spelt as in its JSON.
 * @returns The frozen event.
 * @throws {SinkError} `invalid_event`, naming the field and the rule.
 * @throws {TypeError} If `init` is no object.
 *
 * @example Making an event
 * ```ts
 * import { createEvent } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * const event = createEvent({
 *   trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *   task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *   type: "harness.task.started",
 *   source: "loop",
 *   payload: { query: "find the cheapest flat white" },
 * });
 * assertEquals(event.schema_version, 1);
 * assertEquals(event.parent_id, null);
 * ```
 */
export function createEvent(init: EventInit): Event {
  if (typeof init !== "object" || init === null) {
    throw new TypeError("Cannot create an event: its fields are not an object");
  }
  for (const key of Object.keys(init)) {
    if (!EVENT_FIELDS.has(key)) {
      throw new SinkError(
        "invalid_event",
        `Cannot create the event: it has no field "${key}"; the fields are ${
          [...EVENT_FIELDS].join(", ")
        }`,
      );
    }
  }
  const { parent_id = null, event_id, ts, payload } = init;
  const content: EventContent = {
    event_id: event_id === undefined
      ? uuidv7()
      : uuidField("event_id", event_id),
    trace_id: uuidField("trace_id", init.trace_id),
    task_id: uuidField("task_id", init.task_id),
    parent_id: parent_id === null ? null : uuidField("parent_id", parent_id),
    type: typeField(init.type),
    ts: timestampField(ts ?? new Date()),
    source: textField("source", init.source),
    payload: takePayload(payload ?? {}),
    schema_version: schemaVersionField(init.schema_version ?? 1),
  };
  const chain = {
    prev_hash: digestField("prev_hash", init.prev_hash),
    hash: digestField("hash", init.hash),
    sig: digestField("sig", init.sig),
  };
  return makeEvent(content, chain, NATIVE);
}

/**
 * The event itself if {@linkcode createEvent} or `parseEvent` made it, else a
 * checked and frozen copy: what a sink does with an event at its door.
 *
 * @param event An event, or an object of an event's shape.
 * @returns An event whose text is fixed from here on.
 * @throws {SinkError} `invalid_event`, naming the field and the rule.
 */
export function admitEvent(event: Event): Event {
  if (typeof event !== "object" || event === null) {
    refuse("the event", event, "it must be an object");
  }
  return isKnown(event) ? event : createEvent(event);
}
