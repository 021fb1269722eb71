import { Buffer } from "node:buffer";
import { createHmac, hash as hashOnce, timingSafeEqual } from "node:crypto";
import type { Event } from "./event.ts";
import { canonicalText } from "./_canonical.ts";
import { isHash } from "./_event_fields.ts";
import { type ChainFields, makeEvent, textOf } from "./_event_text.ts";
import { admitEvent } from "./create_event.ts";
import { SinkError } from "./sink_error.ts";

function quotedOrNull(text: string | null): string {
  return text === null ? "null" : `"${text}"`;
}

/** The canonical text that an event's hash is taken over. */
export function canonicalEvent(event: Event, prevHash: string | null): string {
  const admitted = admitEvent(event);
  const payload = textOf(admitted)!.source ?? admitted.payload;
  return `{"event_id":"${admitted.event_id}",` +
    `"parent_id":${quotedOrNull(admitted.parent_id)},` +
    `"payload":${canonicalText(payload)},` +
    `"prev_hash":${quotedOrNull(prevHash)},` +
    `"schema_version":${admitted.schema_version},` +
    `"source":${canonicalText(admitted.source)},` +
    `"task_id":"${admitted.task_id}","trace_id":"${admitted.trace_id}",` +
    `"ts":"${admitted.ts}","type":${canonicalText(admitted.type)}}`;
}

/**
 * The hash of an event at its place in the chain: SHA-256 over its canonical
 * text without `hash` and `sig`.
 *
 * @param event The event.
 * @param prevHash The hash of the trace's previous event, `null` for the first.
 * @returns 64 lower-case hex digits.
 * @throws {SinkError} `invalid_event`, for an object that is no valid event.
 * @throws {TypeError} If `prevHash` is neither a hash nor `null`.
 *
 * @example Two places, two hashes
 * ```ts
 * import { createEvent, digestEvent } from "@zu/backends/sinks";
 * import { assertNotEquals } from "@std/assert";
 *
 * const event = createEvent({
 *   trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *   task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *   type: "data.page",
 *   source: "fetch",
 * });
 * const first = digestEvent(event, null);
 * assertNotEquals(digestEvent(event, first), first);
 * ```
 */
export function digestEvent(event: Event, prevHash: string | null): string {
  if (prevHash !== null && !isHash(prevHash)) {
    throw new TypeError(
      "Cannot digest an event: prevHash must be null or 64 lower-case hex digits",
    );
  }
  return hashOnce("sha256", canonicalEvent(event, prevHash), "hex");
}

/** HMAC-SHA256 of a hash's hex text, in hex. */
export function signHash(hash: string, key: Uint8Array): string {
  return createHmac("sha256", key).update(hash).digest("hex");
}

/** Whether a signature is that of a hash, compared in constant time. */
export function isSignedBy(
  hash: string,
  sig: string | null,
  key: Uint8Array,
): boolean {
  return sig !== null &&
    timingSafeEqual(Buffer.from(sig), Buffer.from(signHash(hash, key)));
}

/**
 * Links an event behind the trace's previous one: the same content, with
 * `prev_hash`, `hash` and, with a key, `sig`.
 *
 * An event that has chain fields already is accepted only where they are right:
 * it must name this previous hash and carry its own digest. A signature that it
 * came with is checked when a key is given, and kept as it is when none is.
 *
 * @param event The event to link.
 * @param prevHash The hash of the trace's previous event, `null` for the first.
 * @param key The signing key, if events are to be signed.
 * @returns The linked, frozen event.
 * @throws {SinkError} `broken_link`, when the event's own chain fields do not
 * fit; `invalid_event`, for an object that is no valid event.
 * @throws {TypeError} If `prevHash` is neither a hash nor `null`.
 *
 * @example A chain of two
 * ```ts
 * import { createEvent, linkEvent, verifyChain } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * const of = {
 *   trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *   task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *   source: "loop",
 * };
 * const a = linkEvent(createEvent({ ...of, type: "harness.a" }), null);
 * const b = linkEvent(createEvent({ ...of, type: "harness.b" }), a.hash);
 * assertEquals(verifyChain([a, b]), []);
 * ```
 */
export function linkEvent(
  event: Event,
  prevHash: string | null,
  key?: Uint8Array,
): Event {
  const admitted = admitEvent(event);
  const hash = digestEvent(admitted, prevHash);
  let { sig } = admitted;
  if (isLinked(admitted)) {
    assertLinks(admitted, prevHash, hash, key);
    if (key !== undefined) sig ??= signHash(hash, key);
  } else sig = key === undefined ? null : signHash(hash, key);
  return makeEvent(
    admitted,
    { prev_hash: prevHash, hash, sig },
    textOf(admitted)!,
  );
}

/** Whether an event carries any chain field. */
export function isLinked(event: ChainFields): boolean {
  return event.hash !== null || event.prev_hash !== null || event.sig !== null;
}

function assertLinks(
  event: Event,
  prevHash: string | null,
  hash: string,
  key: Uint8Array | undefined,
): void {
  const found = event.prev_hash !== prevHash
    ? `its prev_hash is ${event.prev_hash}, but the trace's head is ${prevHash}`
    : event.hash !== hash
    ? `its hash is ${event.hash}, but its content digests to ${hash}`
    : event.sig !== null && key !== undefined &&
        !isSignedBy(hash, event.sig, key)
    ? "its signature was not made with this key"
    : undefined;
  if (found === undefined) return;
  throw new SinkError(
    "broken_link",
    `Cannot append event ${event.event_id}: it came with chain fields, and ` +
      `${found}. Append it without prev_hash, hash and sig to have it linked`,
    { event_id: event.event_id },
  );
}
