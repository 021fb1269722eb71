// What the tests of the event's text share.
import fc from "fast-check";
import {
  createEvent,
  type Event,
  type EventInit,
  SinkError,
  type SinkErrorCode,
} from "../../sinks/mod.ts";
import { assertEquals, assertThrows } from "@std/assert";

/** What an event needs at least. */
export const OF = {
  trace_id: "00000000-0000-4000-8000-0000000000aa",
  task_id: "00000000-0000-4000-8000-0000000000bb",
  type: "harness.step",
  source: "loop",
} as const;

/** An event that is the same each time. */
export function event(init: Partial<EventInit> = {}): Event {
  return createEvent({
    ...OF,
    event_id: "00000000-0000-4000-8000-000000000001",
    ts: "2024-01-02T03:04:05Z",
    ...init,
  });
}

/** The JSON text of an event with this text for one of its fields. */
export function eventText(fields: Record<string, string>): string {
  const all: Record<string, string> = {
    event_id: '"00000000-0000-4000-8000-000000000001"',
    trace_id: `"${OF.trace_id}"`,
    task_id: `"${OF.task_id}"`,
    parent_id: "null",
    type: '"harness.step"',
    ts: '"2024-01-02T03:04:05Z"',
    source: '"loop"',
    payload: "{}",
    schema_version: "1",
    ...fields,
  };
  const members = Object.entries(all).map(([key, text]) => `"${key}":${text}`);
  return `{${members.join(",")}}`;
}

/** Checks that a call is refused with the code, and returns the error. */
export function assertCode(
  code: SinkErrorCode,
  call: () => unknown,
): SinkError {
  const error = assertThrows(call, SinkError);
  assertEquals(error.code, code, error.message);
  return error;
}

/** Text of every kind, well-formed: ASCII, controls, the BMP's end, astral. */
export const anyText: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0xffff }),
    fc.integer({ min: 0x10000, max: 0x10ffff }),
  ).map((code) => String.fromCodePoint(code)),
  maxLength: 12,
});

/** Finite numbers of every size. */
export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.integer({ min: -330, max: 308 }).map((power) => Number(`1e${power}`)),
);

/** A payload as JS has it. */
export const anyPayload: fc.Arbitrary<Record<string, unknown>> = fc.letrec(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constant(null),
      fc.boolean(),
      anyNumber,
      anyText,
      fc.array(tie("value"), { maxLength: 4 }),
      tie("object"),
    ),
    object: fc.dictionary(anyText, tie("value"), { maxKeys: 5 }),
  }),
).object as fc.Arbitrary<Record<string, unknown>>;

/** How many cases a property is tried on. */
export const RUNS: fc.Parameters<unknown> = { numRuns: 300 };
