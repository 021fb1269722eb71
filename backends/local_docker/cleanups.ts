/** Ends or removes something; may be called again when it has failed. */
export type Removal = () => Promise<void>;

/**
 * What is still to be removed. A removal that fails, as with an engine that is down,
 * is remembered, and tried again when there is reason to.
 */
export class Cleanups {
  readonly #onFailure: (error: unknown) => void;
  readonly #running = new Set<Promise<void>>();
  readonly #failed = new Map<Removal, unknown>();

  /** @param onFailure Is told of each that fails, each time. */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Removes something; resolves, and never rejects, when that was tried. */
  run(remove: Removal): Promise<void> {
    const running = remove().then(
      () => void this.#failed.delete(remove),
      (error) => {
        this.remember(remove, error);
        this.#onFailure(error);
      },
    ).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  /** Takes one that has failed elsewhere. */
  remember(remove: Removal, error: unknown): void {
    this.#failed.set(remove, error);
  }

  /** Waits for what goes on, and tries again what has failed, once. */
  async retry(): Promise<void> {
    await Promise.all(this.#running);
    await Promise.all(Array.from(this.#failed.keys(), (one) => this.run(one)));
  }

  /** @throws Why one of those could not be removed that have failed. */
  assertNoneFailed(): void {
    for (const error of this.#failed.values()) throw error;
  }
}
