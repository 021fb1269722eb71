/**
 * Tells waiting streams that the log has grown or been closed, without polling.
 * A reader takes `version` before it reads, and waits for another one after.
 */
export class ChangeSignal {
  #version = 0;
  readonly #waiting = new Set<() => void>();

  /** Grows with each change. */
  get version(): number {
    return this.#version;
  }

  /** Wakes everyone who waits. */
  notify(): void {
    this.#version++;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /**
   * Resolves once the version is no longer the given one, or when the time is
   * over; rejects with the signal's reason. Leaves no listener and no timer.
   */
  async changed(
    since: number,
    options: { signal?: AbortSignal | undefined; timeoutMs?: number } = {},
  ): Promise<void> {
    const { signal, timeoutMs } = options;
    signal?.throwIfAborted();
    if (this.#version !== since) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = timeoutMs === undefined
      ? undefined
      : setTimeout(resolve, timeoutMs);
    this.#waiting.add(resolve);
    const wake = () => resolve();
    signal?.addEventListener("abort", wake);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(resolve);
      signal?.removeEventListener("abort", wake);
    }
    signal?.throwIfAborted();
  }
}
