/** How many bytes a sandbox may still exchange. */
export class ByteBudget {
  #left: number;

  /** @param max The most in all; undefined for no limit. */
  constructor(max: number | undefined) {
    this.#left = max ?? Infinity;
  }

  /** Whether nothing is left. */
  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** Takes some; if there are fewer, takes what is left, and says so. */
  take(bytes: number): boolean {
    const isEnough = bytes <= this.#left;
    this.#left -= Math.min(bytes, this.#left);
    return isEnough;
  }
}
