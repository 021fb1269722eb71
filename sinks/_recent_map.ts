// A map in bounded memory: what was not used for long is forgotten. That there
// was such a key is kept in a Bloom filter, which may say so of another key too,
// but never denies it: so a key that is new is mostly known to be new.
import { hashText } from "./_trace_table.ts";

/** The filter's size: 8 MiB, which knows ten million keys with few errors. */
const FILTER_BITS = 2 ** 26;
/** How many bits stand for a key. */
const PROBES = 4;

/** The entries that were used last. */
export class RecentMap<Value> {
  readonly #max: number;
  readonly #seed: number;
  #young: Map<string, Value> = new Map();
  #old: Map<string, Value> = new Map();
  /** Made when something is forgotten for the first time. */
  #forgotten: Uint32Array | undefined;

  /** Makes an empty map; the seed keeps crafted keys from sharing a hash. */
  constructor(max: number, seed: number) {
    this.#max = max;
    this.#seed = seed;
  }

  /** The value of a key, which is used by that. */
  get(key: string): Value | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  /** Sets the value of a key. */
  set(key: string, value: Value): void {
    this.#old.delete(key);
    this.#young.set(key, value);
  }

  /** Whether a key that is not in the map may have been in it. */
  mayHaveForgotten(key: string): boolean {
    const filter = this.#forgotten;
    return filter !== undefined &&
      this.#bits(key).every((bit) =>
        (filter[bit >>> 5]! & (1 << (bit & 31))) !== 0
      );
  }

  /**
   * Forgets what was not used for long, if the bound asks for it. Nothing is
   * forgotten at any other time.
   */
  trim(): void {
    if (this.#young.size <= this.#max / 2) return;
    if (this.#old.size > 0) {
      this.#forgotten ??= new Uint32Array(FILTER_BITS / 32);
    }
    for (const key of this.#old.keys()) {
      for (const bit of this.#bits(key)) {
        this.#forgotten![bit >>> 5]! |= 1 << (bit & 31);
      }
    }
    this.#old = this.#young;
    this.#young = new Map();
  }

  #bits(key: string): number[] {
    const first = hashText(key, this.#seed);
    // Odd, so that no step leads back to where it began.
    const step = hashText(key, ~this.#seed) | 1;
    return Array.from(
      { length: PROBES },
      (_, i) => (first + i * step >>> 0) % FILTER_BITS,
    );
  }
}
