// What the sink remembers of traces' heads, so that an append need not read one
// back. Bounded; whoever is forgotten is read again.
import type { HeadProof } from "./messages.ts";

/** A trace's last event, as far as this sink knows. */
export interface Head {
  /** Its hash; null where the chain has not begun. */
  readonly hash: string | null;
  /** Its seq; 0 for a trace without events. */
  readonly seq: number;
  /** The writer's epoch in which this was known to be so. */
  readonly epoch: number;
}

/** The heads of the traces that were appended to last. */
export class Heads {
  readonly #heads = new Map<string, Head>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(trace_id: string): Head | undefined {
    return this.#heads.get(trace_id);
  }

  set(trace_id: string, head: Head): void {
    // A Map keeps insertion order: taking out and putting back makes it newest.
    this.#heads.delete(trace_id);
    this.#heads.set(trace_id, head);
  }

  /** Forgets the oldest until the bound holds. Not amid a batch, which needs all. */
  trim(): void {
    for (const trace_id of this.#heads.keys()) {
      if (this.#heads.size <= this.#max) return;
      this.#heads.delete(trace_id);
    }
  }

  forget(trace_ids: Iterable<string>): void {
    for (const trace_id of trace_ids) this.#heads.delete(trace_id);
  }

  /** What to check before a batch that links to these heads is written. */
  proofs(trace_ids: Iterable<string>): HeadProof[] {
    return Array.from(trace_ids, (trace_id) => {
      const { seq, epoch } = this.#heads.get(trace_id)!;
      return { trace_id, seq, epoch };
    });
  }
}
