// The rules of a trace's chain, one event at a time, so that a list in memory and
// a log of any length are held to the same.
import { hash as hashOnce } from "node:crypto";
import type { Anchor } from "./anchor.ts";
import type { ChainViolation, ChainViolationCode } from "./chain_violation.ts";
import { isLinked, isSignedBy } from "./hash_chain.ts";
import type { Sealed } from "./_sealed_event.ts";

/** What a violation says beside its code and its words. */
export type Details = Omit<ChainViolation, "code" | "message">;

/** Takes a violation. */
export type Report = (
  code: ChainViolationCode,
  message: string,
  details: Details,
) => void;

/** How an event is called in a message. */
export function nameOf(at: Details): string {
  const place = at.seq === undefined ? "" : ` at seq ${at.seq}`;
  return `event ${at.event_id ?? "of unknown id"}${place}`;
}

/** Where a trace's chain has come to. */
export class TraceCheck {
  /** How many of its events were seen. */
  events = 0;
  /** How many of them are from before the chain. */
  unlinked = 0;
  /** How many violations were reported of it. */
  violations = 0;
  /** The newest anchor of the trace. */
  anchor: Anchor | undefined;
  /** The hash to link to; unknown behind an event that could not be read. */
  #head: string | null | undefined;

  /** Begins a trace, or goes on behind the event with this hash. */
  constructor(head: string | null = null) {
    this.#head = head;
  }

  /** Checks the trace's next event. */
  follow(
    sealed: Sealed,
    seq: number | undefined,
    key: Uint8Array | undefined,
    report: Report,
  ): void {
    this.events++;
    if (isLinked(sealed)) this.#followLink(sealed, seq, key, report);
    else if (this.#head === null) this.unlinked++;
    else {
      const at = place(sealed, seq);
      const message = `The ${nameOf(at)} has no chain fields, though an ` +
        "earlier one of its trace is linked: they were taken away, or a writer " +
        "that knows no chain added it";
      report("unlinked", message, at);
    }
    const { anchor } = this;
    if (anchor?.seq === this.events && anchor.head !== sealed.hash) {
      const at = place(sealed, seq, anchor.head, sealed.hash);
      const message = `The ${nameOf(at)} is event ${anchor.seq} of its trace ` +
        `with hash ${sealed.hash}, but the anchor holds ${anchor.head}: ` +
        "the trace was rewritten after the anchor was taken";
      report("head_mismatch", message, at);
    }
  }

  #followLink(
    sealed: Sealed,
    seq: number | undefined,
    key: Uint8Array | undefined,
    report: Report,
  ): void {
    const { prev_hash, hash, sig } = sealed;
    if (this.#head !== undefined && prev_hash !== this.#head) {
      const at = place(sealed, seq, this.#head, prev_hash);
      const message =
        `The ${nameOf(at)} names ${prev_hash} as the hash before ` +
        `it, but its trace's previous hash is ${this.#head}: an event was ` +
        "removed, added or moved there";
      report("broken_link", message, at);
    }
    const digest = hashOnce("sha256", sealed.canonical, "hex");
    if (digest !== hash) {
      const at = place(sealed, seq, hash, digest);
      const message =
        `The ${nameOf(at)} digests to ${digest}, but its hash is ` +
        `${hash}: it was changed after it was appended`;
      report("hash_mismatch", message, at);
    }
    if (key !== undefined) {
      const at = place(sealed, seq);
      if (sig === null) {
        const message =
          `The ${nameOf(at)} is linked but not signed, though a ` +
          "key was given: it was appended without the key";
        report("missing_signature", message, at);
      } else if (!isSignedBy(hash ?? digest, sig, key)) {
        const message =
          `The signature of the ${nameOf(at)} was not made with ` +
          "the given key: it is forged, or the key is another one";
        report("bad_signature", message, at);
      }
    }
    // The digest is a string of its own, where the hash is a slice that would
    // keep the whole row's text alive. The stored hash goes on where they
    // differ, so that one edit is one violation and not one a successor.
    this.#head = digest === hash ? digest : ownText(hash ?? digest);
  }

  /** Counts an event that could not be read. */
  skip(): void {
    this.events++;
    this.#head = undefined;
  }

  /** Checks, at the end, that the log has as much as the anchor. */
  end(report: Report): void {
    const { anchor, events } = this;
    if (anchor === undefined || events >= anchor.seq) return;
    const at = {
      event_id: null,
      trace_id: anchor.trace_id,
      expected: String(anchor.seq),
      found: String(events),
    };
    const found = `Of trace ${anchor.trace_id} the anchor holds ` +
      `${anchor.seq} events`;
    if (events === 0) {
      report("missing_trace", `${found}, but the log has none`, at);
    } else {
      const message =
        `${found}, but the log has ${events}: its end was cut off`;
      report("cut_tail", message, at);
    }
  }
}

/** A copy that shares no memory with a longer text that it was cut from. */
export function ownText(hex: string): string {
  return String.fromCharCode(...Array.from(hex, (char) => char.charCodeAt(0)));
}

function place(
  { event_id, trace_id }: Sealed,
  seq: number | undefined,
  expected?: string | null,
  found?: string | null,
): Details {
  return {
    ...(seq === undefined ? {} : { seq }),
    event_id,
    trace_id,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
  };
}
