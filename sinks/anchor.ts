import { isHash, tryUuid } from "./_event_fields.ts";

/**
 * A note of how far a trace had come, kept apart from the log: the hash of its
 * last event after the first so many.
 *
 * A chain alone cannot show that its end was cut off, or that a whole trace is
 * gone: what is left still links. An anchor that is kept where the log's editor
 * cannot reach shows both.
 */
export interface Anchor {
  /** The trace. */
  readonly trace_id: string;
  /** How many events the trace had, those from before the chain included. */
  readonly seq: number;
  /** The hash of the last of them. */
  readonly head: string;
}

/**
 * Checks an anchor and copies it.
 *
 * @param value What should be an anchor.
 * @returns A frozen copy, the trace's id in its usual spelling.
 * @throws {TypeError} If it is none, naming what is wrong.
 *
 * @example An anchor out of a text
 * ```ts
 * import { checkAnchor } from "@zu/backends/sinks";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const trace_id = "0190163d-8694-739b-aea5-966c26f8ad90";
 * const text = JSON.stringify({ trace_id, seq: 1, head: "a".repeat(64) });
 * assertEquals(checkAnchor(JSON.parse(text)).seq, 1);
 * assertThrows(() => checkAnchor({ trace_id, seq: 0, head: "" }), TypeError);
 * ```
 */
export function checkAnchor(value: unknown): Anchor {
  if (typeof value !== "object" || value === null) {
    throw new TypeError("Not an anchor: it is not an object");
  }
  const { trace_id, seq, head } = value as Record<string, unknown>;
  const trace = typeof trace_id === "string" ? tryUuid(trace_id) : undefined;
  if (trace === undefined) {
    throw new TypeError("Not an anchor: trace_id must be a UUID");
  }
  if (!Number.isSafeInteger(seq) || (seq as number) < 1) {
    throw new TypeError("Not an anchor: seq must be an integer from 1");
  }
  if (!isHash(head)) {
    throw new TypeError("Not an anchor: head must be 64 lower-case hex digits");
  }
  return Object.freeze({ trace_id: trace, seq: seq as number, head });
}
