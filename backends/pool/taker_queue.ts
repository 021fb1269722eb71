import type { PoolClock } from "./pool_options.ts";
import { BackendError } from "../backend_error.ts";
import type { Sandbox } from "../sandbox_backend.ts";

/** Who waits for a sandbox. */
interface Taker {
  readonly give: (sandbox: Sandbox) => void;
  readonly reject: (error: unknown) => void;
}

/** How long and how many may wait. */
export interface TakerQueueOptions {
  readonly takersMax: number;
  readonly takeTimeoutMs: number;
  readonly clock: PoolClock;
}

/** Those who wait for a sandbox, first come, first served. */
export class TakerQueue {
  readonly #options: TakerQueueOptions;
  readonly #takers = new Set<Taker>();

  /** Makes an empty queue. */
  constructor(options: TakerQueueOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get length(): number {
    return this.#takers.size;
  }

  /**
   * Queues somebody.
   *
   * @param signal Gives up; not aborted yet.
   * @param why What was the matter so far, when the time is up.
   * @returns The sandbox. It is given once, and to nobody who has given up.
   * @throws {RangeError} If too many wait already.
   */
  add(
    signal: AbortSignal | undefined,
    why: () => ErrorOptions,
  ): Promise<Sandbox> {
    const { takersMax, takeTimeoutMs, clock } = this.#options;
    if (this.length >= takersMax) {
      throw new RangeError(
        `${takersMax} takers wait for a sandbox, which is the most that may ` +
          "(takersMax). Await earlier ones first",
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<Sandbox>();
    const leave = () => {
      this.#takers.delete(taker);
      callOff();
      signal?.removeEventListener("abort", onAbort);
    };
    const taker: Taker = {
      give: (sandbox) => {
        leave();
        resolve(sandbox);
      },
      reject: (error) => {
        leave();
        reject(error);
      },
    };
    const onAbort = () => taker.reject(signal?.reason);
    const callOff = clock.after(takeTimeoutMs, () => {
      const message =
        `No sandbox of the pool was ready within ${takeTimeoutMs} ` +
        "ms. Wait longer (takeTimeoutMs), or keep more of them warm (size)";
      taker.reject(new BackendError("timeout", message, why()));
    }, false);
    this.#takers.add(taker);
    signal?.addEventListener("abort", onAbort);
    return promise;
  }

  /** Gives a sandbox to whoever has waited longest. False if nobody waits. */
  give(sandbox: Sandbox): boolean {
    const [first] = this.#takers;
    first?.give(sandbox);
    return first !== undefined;
  }

  /** Turns all away. */
  rejectAll(error: unknown): void {
    for (const taker of this.#takers) taker.reject(error);
  }
}
