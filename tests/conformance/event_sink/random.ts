/**
 * A small seeded generator of random numbers (mulberry32), so that a failing
 * run can be run again. Not for secrets.
 */
export class Random {
  #state: number;

  /** Begins the sequence that belongs to a 32-bit seed. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to below the bound. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return Math.floor(((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32 * bound);
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("pick: there are no items");
    return item;
  }
}
