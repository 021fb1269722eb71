import type { PoolClock } from "./pool_options.ts";
import type { Sandbox } from "../sandbox_backend.ts";

/** A sandbox that waits for its taker. */
export interface Warm {
  readonly sandbox: Sandbox;
  /** When it is too old to be handed out. */
  readonly staleAt: number;
}

/** Sandboxes that wait for their takers, and notice when one is too old. */
export class WarmStock {
  readonly #clock: PoolClock;
  readonly #onStale: (sandboxes: readonly Sandbox[]) => void;
  /** The oldest first. */
  #warm: Warm[] = [];
  /** When the oldest will be too old, while that is waited for. */
  #watch: { readonly at: number; readonly callOff: () => void } | undefined;

  /**
   * Makes an empty stock.
   *
   * @param clock The time.
   * @param onStale Is given what became too old, which is then not in stock.
   */
  constructor(
    clock: PoolClock,
    onStale: (sandboxes: readonly Sandbox[]) => void,
  ) {
    this.#clock = clock;
    this.#onStale = onStale;
  }

  /** How many there are. */
  get length(): number {
    return this.#warm.length;
  }

  /** Whether a sandbox is too old. */
  isStale({ staleAt }: Warm): boolean {
    return this.#clock.now() >= staleAt;
  }

  /** Keeps a sandbox. */
  add(warm: Warm): void {
    this.#warm.push(warm);
    this.#warm.sort((a, b) => a.staleAt - b.staleAt);
    this.#watchOldest();
  }

  /** Takes the oldest. */
  shift(): Warm | undefined {
    const oldest = this.#warm.shift();
    this.#watchOldest();
    return oldest;
  }

  /** Takes all that are left, and watches no more. */
  clear(): Sandbox[] {
    const all = this.#warm.splice(0);
    this.#watchOldest();
    return all.map(({ sandbox }) => sandbox);
  }

  #watchOldest(): void {
    const at = this.#warm[0]?.staleAt;
    if (at === this.#watch?.at) return;
    this.#watch?.callOff();
    this.#watch = undefined;
    if (at === undefined) return;
    const due = () => {
      this.#watch = undefined;
      const stale = this.#warm.filter((warm) => this.isStale(warm));
      this.#warm = this.#warm.filter((warm) => !stale.includes(warm));
      this.#watchOldest();
      this.#onStale(stale.map(({ sandbox }) => sandbox));
    };
    const ms = Math.max(0, at - this.#clock.now());
    this.#watch = { at, callOff: this.#clock.after(ms, due, true) };
  }
}
