/** A clock that goes where a test sends it, and timers that go by it. */
export class FakeClock implements Disposable {
  readonly #real = {
    Date: globalThis.Date,
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
  };
  readonly #timers = new Map<number, { at: number; fire: () => void }>();
  #now: number;
  #passed = 0;
  #lastId = 0;

  /** Stops the clock at a time. */
  constructor(start: number) {
    this.#now = start;
    const now = () => this.#now;
    const { Date: RealDate } = this.#real;
    globalThis.Date = class extends RealDate {
      constructor(...time: [] | [number | string | Date]) {
        super(...(time.length === 0 ? [now()] : time) as [number]);
      }
      static override now(): number {
        return now();
      }
    } as DateConstructor;
    globalThis.setTimeout = ((fire: () => void, ms = 0) => {
      const id = ++this.#lastId;
      this.#timers.set(id, { at: this.#passed + ms, fire });
      return id;
    }) as unknown as typeof setTimeout;
    globalThis.clearTimeout = (id) => void this.#timers.delete(Number(id));
  }

  /** Sets the clock, also back; timers do not go by it, as they do not really. */
  set(now: number): void {
    this.#now = now;
  }

  /** Lets time pass, and fires what is due. */
  pass(ms: number): void {
    this.#now += ms;
    this.#passed += ms;
    for (const [id, { at, fire }] of [...this.#timers]) {
      if (at > this.#passed) continue;
      this.#timers.delete(id);
      fire();
    }
  }

  /** Lets the real clock go on. */
  [Symbol.dispose](): void {
    globalThis.Date = this.#real.Date;
    globalThis.setTimeout = this.#real.setTimeout;
    globalThis.clearTimeout = this.#real.clearTimeout;
  }
}
