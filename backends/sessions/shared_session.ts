import { SessionHold } from "./session_hold.ts";
import { untilEnded } from "../_until_ended.ts";
import type { SandboxSession } from "../session_backend.ts";

/** A session that tells whether it is still of use. */
export interface SharableSession extends SandboxSession {
  /** False once it is closed, by whomever or by a fault of its own. */
  readonly isOpen: boolean;
}

/** Launches what is to be shared; the signal is for the launch alone. */
export type SessionOpener = (signal: AbortSignal) => Promise<SharableSession>;

/**
 * A session from its launch to its end, and how many hold it or wait for it.
 *
 * They are counted from before they wait, so that it cannot end between its launch
 * and their hearing of it. Once it has begun to end, nobody can join any more.
 */
export class SharedSession {
  /** What it is opened with, as text. */
  readonly opened: string;
  readonly #onEnd: () => void;
  readonly #launch = new AbortController();
  readonly #launched = Promise.withResolvers<SharableSession>();
  #session: SharableSession | undefined;
  #holders = 0;
  #ended: Promise<void> | undefined;

  /**
   * Launches nothing yet.
   *
   * @param opened What it is opened with, as text.
   * @param onEnd Is called when nothing of it is left, before anybody is told.
   */
  constructor(opened: string, onEnd: () => void) {
    this.opened = opened;
    this.#onEnd = onEnd;
    // Those who wait are told. There may be none left.
    this.#launched.promise.catch(() => {});
  }

  /** Launches it, once. */
  launch(opener: SessionOpener): void {
    this.#launched.resolve(this.#open(opener));
  }

  async #open(opener: SessionOpener): Promise<SharableSession> {
    try {
      return this.#session = await opener(this.#launch.signal);
    } catch (error) {
      this.#ended ??= Promise.resolve();
      this.#onEnd();
      throw error;
    }
  }

  /** Whether others can join: it is being launched, or open. */
  get isUsable(): boolean {
    return this.#ended === undefined && this.#session?.isOpen !== false;
  }

  /**
   * Waits for the launch.
   *
   * @param signal Gives up; the last one who does ends the launch.
   * @returns A hold of the session, to be closed.
   * @throws What the launch throws, or the signal's reason; what closing the
   * session throws, if that had to be done because this one gave up.
   */
  async join(signal: AbortSignal): Promise<SandboxSession> {
    this.#holders++;
    try {
      signal.throwIfAborted();
      await untilEnded(undefined, [signal], this.#launched.promise);
    } catch (error) {
      await this.#release(error);
      throw error;
    }
    return new SessionHold(this.#session!, () => this.#release());
  }

  async #release(reason?: unknown): Promise<void> {
    this.#holders--;
    if (this.#holders === 0) await this.end(reason);
  }

  /**
   * Ends it, whoever holds it. Harmless if done before.
   *
   * @param reason Why; for a launch that is not done.
   * @throws What closing it throws.
   */
  end(reason?: unknown): Promise<void> {
    if (this.#ended === undefined) {
      this.#ended = this.#close();
      // How the end went is told to those who close it, if anyone does.
      this.#ended.catch(() => {});
      if (this.#session === undefined) this.#launch.abort(reason);
    }
    return this.#ended;
  }

  async #close(): Promise<void> {
    try {
      const session = await this.#launched.promise.catch(() => undefined);
      await session?.close();
    } finally {
      this.#onEnd();
    }
  }
}
