// The traces that one pass over a log keeps state of. A log may hold more traces
// than fit into memory: then a pass keeps the half whose ids hash to its side,
// and the other half is left to a later pass.
import { ownText, TraceCheck } from "./_trace_check.ts";

/** The traces whose hashed id has these bits. */
export interface Part {
  /** Which bits count: the lowest ones. */
  readonly mask: number;
  /** What they must be. */
  readonly value: number;
}

/** Every trace. */
export const WHOLE: Part = { mask: 0, value: 0 };

/** The state of the traces of a part. */
export class TraceTable {
  readonly #checks = new Map<string, TraceCheck>();
  readonly #max: number;
  readonly #seed: number;
  #part: Part;

  /** Makes an empty table; the seed keeps crafted ids from sharing a hash. */
  constructor(part: Part, max: number, seed: number) {
    this.#part = part;
    this.#max = max;
    this.#seed = seed;
  }

  /** The part that is kept. */
  get part(): Part {
    return this.#part;
  }

  /** Whether a trace belongs to the part. */
  has(trace_id: string): boolean {
    const { mask, value } = this.#part;
    return mask === 0 || (hashText(trace_id, this.#seed) & mask) === value;
  }

  /** The state of a trace of the part, new if it was not seen. */
  get(trace_id: string): TraceCheck {
    let check = this.#checks.get(trace_id);
    if (check === undefined) {
      check = new TraceCheck();
      this.#checks.set(ownText(trace_id), check);
    }
    return check;
  }

  /** Whether there are more traces than fit, and a split would help. */
  get isOverfull(): boolean {
    return this.#checks.size > this.#max && this.#part.mask !== -1;
  }

  /** Halves the part, and returns the half that was given up and its traces. */
  split(): { part: Part; dropped: TraceCheck[] } {
    const { mask, value } = this.#part;
    const bit = mask + 1 | 0;
    this.#part = { mask: mask | bit, value };
    const dropped: TraceCheck[] = [];
    for (const [trace_id, check] of this.#checks) {
      if (this.has(trace_id)) continue;
      this.#checks.delete(trace_id);
      dropped.push(check);
    }
    return { part: { mask: mask | bit, value: value | bit }, dropped };
  }

  /** The traces, in the order of their ids. */
  entries(): [string, TraceCheck][] {
    return [...this.#checks].sort(([a], [b]) => a < b ? -1 : 1);
  }
}

/** FNV-1a with a seed, mixed at the end since its low bits alone are weak. */
export function hashText(text: string, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return hash ^ hash >>> 16;
}
