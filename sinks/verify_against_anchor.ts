import type { Anchor } from "./anchor.ts";
import type { ChainViolation } from "./chain_violation.ts";
import type { Event, StoredEvent } from "./event.ts";
import { checkChain, type VerifyChainOptions } from "./verify_chain.ts";

/**
 * Checks a trace's events against an anchor that was taken of it earlier: what
 * {@linkcode verifyChain} checks, and that the log still has the events that the
 * anchor holds. This is what finds a cut tail and a dropped trace.
 *
 * @param events Events in log order; those of other traces are left out.
 * @param anchor The anchor.
 * @param options The signing key.
 * @returns What is wrong, in log order; empty if nothing is.
 * @throws {SinkError} `invalid_event`, for an object that is no valid event.
 *
 * @example A cut tail is found
 * ```ts
 * import {
 *   chainHead,
 *   createEvent,
 *   linkEvent,
 *   verifyAgainstAnchor,
 *   verifyChain,
 * } from "@zu/backends/sinks";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const of = {
 *   trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *   task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *   source: "loop",
 * };
 * const a = linkEvent(createEvent({ ...of, type: "harness.a" }), null);
 * const b = linkEvent(createEvent({ ...of, type: "harness.b" }), a.hash);
 * const anchor = chainHead([a, b]);
 * assert(anchor !== undefined);
 *
 * assertEquals(verifyChain([a]), []);
 * assertEquals(verifyAgainstAnchor([a], anchor)[0]?.code, "cut_tail");
 * ```
 */
export function verifyAgainstAnchor(
  events: Iterable<Event | StoredEvent>,
  anchor: Anchor,
  options: Pick<VerifyChainOptions, "key"> = {},
): ChainViolation[] {
  return checkChain(events, options, anchor);
}
