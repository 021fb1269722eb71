import { untilEnded } from "../_until_ended.ts";
import type { EgressAttempt } from "../egress_attempt.ts";

/** How many attempts are kept, waited for, or queued for one who iterates. */
const ATTEMPTS_MAX = 1000;
/** How long the last ones who were given an attempt are waited for. */
const TOLD_TIMEOUT_MS = 10_000;

/** What an {@linkcode AttemptLog} is made with. */
export interface AttemptLogOptions {
  /** Is given each attempt. */
  readonly onAttempt?:
    | ((attempt: EgressAttempt) => void | Promise<void>)
    | undefined;
  /** Is told that `onAttempt` has failed. */
  readonly onFault: (error: unknown) => void;
}

/** The attempts of a sandbox: the last ones, for all who want to know of them. */
export class AttemptLog {
  readonly #options: AttemptLogOptions;
  readonly #kept: EgressAttempt[] = [];
  readonly #readers = new Set<Reader>();
  readonly #pending = new Set<Promise<void>>();
  #room = Promise.withResolvers<void>();
  #isHolding = true;
  #hasEnded = false;

  constructor(options: AttemptLogOptions) {
    this.#options = options;
  }

  /** Adds an attempt that has ended. */
  add(attempt: EgressAttempt): void {
    this.#kept.push(attempt);
    if (this.#kept.length > ATTEMPTS_MAX) this.#kept.shift();
    for (const reader of this.#readers) reader.push(attempt);
    this.#tell(attempt);
  }

  /** Resolves when nobody who wants to know of attempts is far behind. */
  async waitForRoom(): Promise<void> {
    while (this.#isHolding && this.#isFull()) {
      this.#room = Promise.withResolvers();
      await this.#room.promise;
    }
  }

  /** The attempts, from the first that is kept on. */
  iterate(signal?: AbortSignal): AsyncIterableIterator<EgressAttempt> {
    const reader = new Reader(this.#kept, signal, {
      onTaken: () => this.#room.resolve(),
      onEnd: () => {
        this.#readers.delete(reader);
        this.#room.resolve();
      },
    });
    if (signal?.aborted) reader.drop();
    else if (this.#hasEnded) reader.end();
    else this.#readers.add(reader);
    return reader;
  }

  /** Has nobody wait for room any more. */
  stopHolding(): void {
    this.#isHolding = false;
    this.#room.resolve();
  }

  /** Ends it: waits for those who were given attempts, and ends all iterations. */
  async end(): Promise<void> {
    this.stopHolding();
    const told = Promise.all(this.#pending);
    if (await untilEnded(TOLD_TIMEOUT_MS, [], told) === "timeout") {
      this.#options.onFault(
        new Error(`onAttempt did not come back within ${TOLD_TIMEOUT_MS} ms`),
      );
    }
    this.#hasEnded = true;
    for (const reader of [...this.#readers]) reader.end();
  }

  #isFull(): boolean {
    return this.#pending.size >= ATTEMPTS_MAX ||
      this.#readers.values().some(({ size }) => size >= ATTEMPTS_MAX);
  }

  #tell(attempt: EgressAttempt): void {
    const { onAttempt, onFault } = this.#options;
    if (onAttempt === undefined) return;
    const telling = (async () => {
      try {
        await onAttempt(attempt);
      } catch (error) {
        onFault(error);
      }
    })();
    this.#pending.add(telling);
    telling.then(() => {
      this.#pending.delete(telling);
      this.#room.resolve();
    });
  }
}

/** What a reader tells the log. */
interface ReaderHooks {
  readonly onTaken: () => void;
  readonly onEnd: () => void;
}

/** One who iterates. */
class Reader implements AsyncIterableIterator<EgressAttempt> {
  readonly #queue: EgressAttempt[];
  readonly #hooks: ReaderHooks;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = () => this.drop();
  #arrival = Promise.withResolvers<void>();
  #hasEnded = false;

  constructor(
    kept: readonly EgressAttempt[],
    signal: AbortSignal | undefined,
    hooks: ReaderHooks,
  ) {
    this.#queue = [...kept];
    this.#hooks = hooks;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#abort);
  }

  get size(): number {
    return this.#queue.length;
  }

  push(attempt: EgressAttempt): void {
    this.#queue.push(attempt);
    this.#arrival.resolve();
  }

  /** No more come; what is queued can still be taken. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    // A listener that stays would keep the signal, and this, alive.
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#arrival.resolve();
    this.#hooks.onEnd();
  }

  /** No more come, and what is queued is not taken. */
  drop(): void {
    this.#queue.length = 0;
    this.end();
  }

  async next(): Promise<IteratorResult<EgressAttempt, undefined>> {
    while (this.#queue.length === 0 && !this.#hasEnded) {
      await this.#arrival.promise;
      if (!this.#hasEnded) this.#arrival = Promise.withResolvers();
    }
    const value = this.#queue.shift();
    this.#hooks.onTaken();
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  return(): Promise<IteratorResult<EgressAttempt, undefined>> {
    this.drop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
