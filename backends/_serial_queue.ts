/** Runs one thing after the other, in the order in which they were asked for. */
export class SerialQueue {
  readonly #waitingMax: number;
  readonly #waiting = new Set<() => void>();
  #isBusy = false;

  /**
   * Makes an empty queue.
   *
   * @param waitingMax How many may wait for their turn.
   */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /**
   * Runs a function when its turn comes.
   *
   * @param work What to run. It has to look at the signal, and whether everything
   * is still as it was, since a moment passes between its turn and its start.
   * @param signal Gives up the place in the queue; not aborted yet.
   * @returns What the function returns.
   * @throws {RangeError} If too many wait already.
   */
  async run<T>(
    work: () => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    if (this.#isBusy) await this.#turn(signal);
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      // It stays busy while it is handed on, or a newcomer would slip in between.
      const [next] = this.#waiting;
      if (next === undefined) this.#isBusy = false;
      else {
        this.#waiting.delete(next);
        next();
      }
    }
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.size >= this.#waitingMax) {
      throw new RangeError(
        `${this.#waiting.size} are waiting for their turn, which is the most ` +
          "that may. Await earlier ones first",
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => {
      this.#waiting.delete(resolve);
      reject(signal?.reason);
    };
    this.#waiting.add(resolve);
    signal?.addEventListener("abort", onAbort);
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }
}
