// Time that goes faster, for what waits for limits of half a minute.

/** Has timers, `Date.now` and `performance.now` run faster, until it is disposed of. */
export class FastClock implements Disposable {
  readonly #real = {
    setTimeout: globalThis.setTimeout,
    dateNow: Date.now,
    now: performance.now.bind(performance),
  };
  readonly #startedMs: number = this.#real.now();
  readonly #speed: number;

  /** @param speed How many times as fast; 1 changes nothing. */
  constructor(speed: number) {
    this.#speed = speed;
    if (speed === 1) return;
    const { setTimeout, dateNow } = this.#real;
    const startedAt = dateNow();
    const faster = (
      tell: (...args: unknown[]) => void,
      ms = 0,
      ...args: unknown[]
    ) => setTimeout(tell, ms / speed, ...args);
    globalThis.setTimeout = faster as typeof globalThis.setTimeout;
    performance.now = () => this.#startedMs + this.elapsedMs;
    Date.now = () => Math.floor(startedAt + this.elapsedMs);
  }

  /** How long it has run, by itself. */
  get elapsedMs(): number {
    return (this.#real.now() - this.#startedMs) * this.#speed;
  }

  [Symbol.dispose](): void {
    if (this.#speed === 1) return;
    globalThis.setTimeout = this.#real.setTimeout;
    Date.now = this.#real.dateNow;
    performance.now = this.#real.now;
  }
}
