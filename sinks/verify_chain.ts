import type { Anchor } from "./anchor.ts";
import type { ChainViolation } from "./chain_violation.ts";
import type { Event, StoredEvent } from "./event.ts";
import { sealedEvent } from "./_sealed_event.ts";
import { severalTraces, unpack } from "./_chain_items.ts";
import { nameOf, type Report, TraceCheck } from "./_trace_check.ts";

/** Options of {@linkcode verifyChain}. */
export interface VerifyChainOptions {
  /** The hash that the last event must have; for the events of one trace. */
  readonly head?: string | null;
  /**
   * The signing key. With it, every linked event must carry its signature;
   * without it, signatures are not looked at.
   */
  readonly key?: Uint8Array;
}

/**
 * Checks the hash chain of one or several traces.
 *
 * Each event must digest to its hash and name the hash of the event before it,
 * and with a key carry its signature. Events from before the chain, without
 * chain fields, may stand at the beginning of a trace, and are no violation.
 *
 * A chain alone does not show that its end was cut off or that a whole trace is
 * missing, since what is left still links. Give the `head` that you expect, or
 * use anchors: see {@linkcode verifyAgainstAnchor}.
 *
 * @param events Every event of the traces, from the first, in log order.
 * @param options The expected head, and the signing key.
 * @returns What is wrong, in log order; empty if nothing is.
 * @throws {SinkError} `invalid_event`, for an object that is no valid event.
 * @throws {TypeError} If a head is given and the events are of several traces.
 *
 * @example An edit is found
 * ```ts
 * import { createEvent, linkEvent, verifyChain } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * const event = linkEvent(
 *   createEvent({
 *     trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *     task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *     type: "harness.payment",
 *     source: "shop",
 *     payload: { euros: 10 },
 *   }),
 *   null,
 * );
 * assertEquals(verifyChain([event], { head: event.hash }), []);
 * const edited = { ...event, payload: { euros: 1000 } };
 * assertEquals(verifyChain([edited])[0]?.code, "hash_mismatch");
 * ```
 */
export function verifyChain(
  events: Iterable<Event | StoredEvent>,
  options: VerifyChainOptions = {},
): ChainViolation[] {
  return checkChain(events, options, undefined);
}

/** The check behind {@linkcode verifyChain}, with an anchor or without. */
export function checkChain(
  events: Iterable<Event | StoredEvent>,
  { head, key }: VerifyChainOptions,
  anchor: Anchor | undefined,
): ChainViolation[] {
  const violations: ChainViolation[] = [];
  const report: Report = (code, message, details) => {
    violations.push({ code, message, ...details });
  };
  const traces = new Map<string, TraceCheck>();
  if (anchor !== undefined) {
    const anchored = new TraceCheck();
    anchored.anchor = anchor;
    traces.set(anchor.trace_id, anchored);
  }
  const ids = new Set<string>();
  let last: StoredEvent | { event: Event; seq?: undefined } | undefined;
  for (const item of events) {
    const { event, seq } = unpack(item);
    if (anchor !== undefined && event.trace_id !== anchor.trace_id) continue;
    if (head !== undefined && last && last.event.trace_id !== event.trace_id) {
      throw new TypeError(
        severalTraces("check the head of", last.event, event),
      );
    }
    let trace = traces.get(event.trace_id);
    if (trace === undefined) {
      traces.set(event.trace_id, trace = new TraceCheck());
    }
    trace.follow(sealedEvent(event), seq, key, report);
    if (ids.has(event.event_id)) {
      const at = placeOf(event, seq);
      report("duplicate_id", `The ${nameOf(at)} occurs a second time`, at);
    }
    ids.add(event.event_id);
    last = unpack(item);
  }
  for (const trace of traces.values()) trace.end(report);
  const found = last?.event.hash ?? null;
  if (head !== undefined && found !== head) {
    const message = `The last hash is ${found}, but ${head} is expected: ` +
      "events are missing at the end, or were added or rewritten";
    const at = last === undefined
      ? { event_id: null, trace_id: null }
      : placeOf(last.event, last.seq);
    report("head_mismatch", message, { ...at, expected: head, found });
  }
  return violations;
}

function placeOf({ event_id, trace_id }: Event, seq: number | undefined) {
  return { ...(seq === undefined ? {} : { seq }), event_id, trace_id };
}
