// What the sink remembers of traces' heads, so that an append need not read one
// back. Bounded; whoever is forgotten is read again.
import type { HeadProof } from "./stored_rows.ts";

/** A trace's last event, as far as this sink knows. */
export interface Head {
  /** Its hash; null where the chain has not begun. */
  readonly hash: string | null;
  /** Its seq; 0 for a trace without events. */
  readonly seq: number;
  /** Its id; null for a trace without events. */
  readonly event_id: string | null;
  /** The writer's epoch in which this was known to be so. */
  readonly epoch: number;
}

/** The heads of the traces that were appended to last. */
export class Heads {
  /** In the log, as far as is known. */
  readonly #stored = new Map<string, Head>();
  /** Expected once the groups on their way are committed. */
  readonly #expected = new Map<string, string | null>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** The hash to link to, or undefined for a trace that is not remembered. */
  get(trace_id: string): { readonly hash: string | null } | undefined {
    const hash = this.#expected.get(trace_id);
    return hash === undefined ? this.#stored.get(trace_id) : { hash };
  }

  /** Notes what was read from the log. */
  set(trace_id: string, head: Head): void {
    // A Map keeps insertion order: taking out and putting back makes it newest.
    this.#stored.delete(trace_id);
    this.#stored.set(trace_id, head);
  }

  /** Notes what a group on its way will make of a head. */
  expect(trace_id: string, hash: string | null): void {
    this.#expected.set(trace_id, hash);
  }

  /** Notes what a group that was committed has made of a head. */
  confirm(trace_id: string, head: Head): void {
    this.set(trace_id, head);
    if (this.#expected.get(trace_id) === head.hash) {
      this.#expected.delete(trace_id);
    }
  }

  /** Forgets everything, since what was expected has not come to be. */
  reset(): void {
    this.#stored.clear();
    this.#expected.clear();
  }

  /** Forgets the oldest until the bound holds. */
  trim(): void {
    for (const trace_id of this.#stored.keys()) {
      if (this.#stored.size <= this.#max) return;
      this.#stored.delete(trace_id);
    }
  }

  /**
   * What to check before a batch is written: the heads that are in the log as
   * far as is known. Where a group on its way makes a trace's head, the writer
   * goes by that group and not by what stands here.
   */
  proofs(trace_ids: Iterable<string>): HeadProof[] {
    return Array.from(trace_ids, (trace_id) => {
      const { seq, event_id, epoch } = this.#stored.get(trace_id) ??
        { seq: 0, event_id: null, epoch: -1 };
      return { trace_id, seq, event_id, epoch };
    });
  }
}
