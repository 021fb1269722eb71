import type { PoolClock } from "./pool_options.ts";
import { BackendError, type BackendErrorCode } from "../backend_error.ts";

/** Failures that no further launch of the same spec can mend. */
const REFUSALS: readonly BackendErrorCode[] = [
  "spec_refused",
  "image_refused",
  "network_refused",
  "unsupported",
  "closed",
];

/** How long to pause, and when to give up waiting. */
export interface LaunchBackoffOptions {
  readonly failuresMax: number;
  readonly backoffMs: number;
  readonly backoffMsMax: number;
  readonly clock: PoolClock;
}

/** Counts launches that failed in a row, and pauses after each. */
export class LaunchBackoff {
  readonly #options: LaunchBackoffOptions;
  readonly #onPauseEnd: () => void;
  #failures = 0;
  #round = 0;
  #last: unknown;
  #callOff: (() => void) | undefined;

  /**
   * Begins without a failure.
   *
   * @param options The bounds.
   * @param onPauseEnd Is called when a pause is over.
   */
  constructor(options: LaunchBackoffOptions, onPauseEnd: () => void) {
    this.#options = options;
    this.#onPauseEnd = onPauseEnd;
  }

  /** Whether the last launch to end has failed, or another of its round. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /**
   * Which round of launches it is: a new one begins with each failure that counts.
   * Those that began together and fail together count as one.
   */
  get round(): number {
    return this.#round;
  }

  /** What the last failure was, as an error's options have it; none after a success. */
  get cause(): ErrorOptions {
    return this.#failures === 0 ? {} : { cause: this.#last };
  }

  /** Whether it is not the time for a launch. */
  get isPausing(): boolean {
    return this.#callOff !== undefined;
  }

  /** Whether so many have failed that nobody should wait any longer. */
  get isHopeless(): boolean {
    return this.isPausing && this.#failures >= this.#options.failuresMax;
  }

  /** Counts a success, which ends the pause. */
  succeeded(): void {
    this.#failures = 0;
    this.stop();
  }

  /**
   * Counts a failure, and begins a pause.
   *
   * @param error What was thrown.
   * @param round The round when the launch began.
   */
  failed(error: unknown, round: number): void {
    this.#last = error;
    if (round !== this.#round) return;
    this.#round++;
    const { failuresMax, backoffMs, backoffMsMax, clock } = this.#options;
    const isRefusal = error instanceof BackendError &&
      REFUSALS.includes(error.code);
    this.#failures = Math.max(this.#failures + 1, isRefusal ? failuresMax : 0);
    const ms = Math.min(backoffMs * 2 ** (this.#failures - 1), backoffMsMax);
    this.#callOff = clock.after(ms, () => {
      this.#callOff = undefined;
      this.#onPauseEnd();
    }, true);
  }

  /** Ends a pause, if there is one, without a call. */
  stop(): void {
    this.#callOff?.();
    this.#callOff = undefined;
  }
}
