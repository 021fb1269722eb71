import { BackendError } from "../backend_error.ts";
import { delay } from "./delay.ts";
import type { Engine } from "./engine.ts";
import {
  type ProcessTag,
  processTag,
  type TaggingShell,
} from "./process_tag.ts";

/** How long a removal that somebody else has begun may take. */
const REMOVAL_TIMEOUT_MS = 30_000;
const REMOVAL_POLL_MS = 20;

/** What is known of a container from its launch on. */
export interface BoxFacts {
  /** The engine's id of it. */
  readonly id: string;
  /** The name that it was created under. */
  readonly name: string;
  /** The image, as it was asked for. */
  readonly image: string;
  /** Whom programs run as. */
  readonly user: string;
  /** A user whom no program runs as, nor can do anything to. */
  readonly holder: string;
  /** What programs get in their environment, beside what the container has. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it has a shell, in which its guards run. */
  readonly hasShell: boolean;
  /** The shell that sets tags; undefined if it has none, or a simpler one. */
  readonly shell: TaggingShell | undefined;
  /** When its time to live is over, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** A launched container, as the parts of the backend share it. */
export class Box {
  readonly engine: Engine;
  readonly facts: BoxFacts;
  readonly #gone = new AbortController();
  #hasEndedByItself = false;
  #runs = 0;
  #oomKills = 0;
  #removal: Promise<void> | undefined;

  constructor(engine: Engine, facts: BoxFacts) {
    this.engine = engine;
    this.facts = facts;
  }

  /** Aborted when the sandbox is known to be gone; the reason says why. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Takes how many processes were killed for want of memory; whether it is more. */
  noteOomKills(count: number): boolean {
    const isMore = count > this.#oomKills;
    if (isMore) this.#oomKills = count;
    return isMore;
  }

  /** A tag that no other run of the sandbox has. */
  nextTag(): ProcessTag {
    return processTag(++this.#runs);
  }

  /** @throws {BackendError} `sandbox_gone`, if it is known to be. */
  assertAlive(what: string): void {
    if (!this.#gone.signal.aborted) return;
    throw this.goneError(what);
  }

  /** What to throw at those who use it when it is gone. */
  goneError(what: string, cause?: unknown): BackendError {
    const { id } = this.facts;
    return new BackendError(
      "sandbox_gone",
      `Cannot ${what}: sandbox ${id.slice(0, 12)} is gone: ` +
        `${this.#gone.signal.reason ?? "its container has ended"}. Launch ` +
        "a new one",
      cause === undefined ? undefined : { cause },
    );
  }

  /** Says that the sandbox has ended other than by this process. */
  markEnded(): void {
    if (this.#gone.signal.aborted) return;
    this.#hasEndedByItself = true;
    this.#gone.abort(
      Date.now() >= this.facts.expiresAt
        ? "its time to live is over"
        : "its container has ended, or its engine was lost",
    );
  }

  /** Whether it was not this process that ended it. */
  get hasEndedByItself(): boolean {
    return this.#hasEndedByItself;
  }

  /** Whether the container runs, as the engine sees it. */
  async isRunning(): Promise<boolean> {
    if (this.#gone.signal.aborted) return false;
    try {
      const { State } = await this.engine.json<{ State: { Running: boolean } }>(
        {
          method: "GET",
          path: `/containers/${this.facts.id}/json`,
          what: "look at the sandbox",
          codes: { 404: "sandbox_gone" },
        },
        { "State.Running": "boolean" },
      );
      return State.Running;
    } catch (error) {
      if (error instanceof BackendError && error.code === "sandbox_gone") {
        return false;
      }
      throw error;
    }
  }

  /** Ends the container and removes it; resolves when it is gone. */
  async remove(reason: string): Promise<void> {
    if (!this.#gone.signal.aborted) this.#gone.abort(reason);
    this.#removal ??= removeContainer(this.engine, this.facts.id);
    try {
      await this.#removal;
    } catch (error) {
      // The next one who asks tries again.
      this.#removal = undefined;
      throw error;
    }
  }
}

/**
 * Ends a container and removes it, whatever state it is in. Harmless if there is
 * none; resolves when there is none.
 */
export async function removeContainer(
  engine: Engine,
  idOrName: string,
): Promise<void> {
  const what = `remove container ${idOrName.slice(0, 24)}`;
  const path = `/containers/${idOrName}`;
  const codes = { 404: "sandbox_gone", 409: "unsupported" } as const;
  const deadline = performance.now() + REMOVAL_TIMEOUT_MS;
  for (;;) {
    try {
      const query = { force: true, v: true };
      await engine.json({ method: "DELETE", path, query, what, codes });
      return;
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      if (error.code === "sandbox_gone") return;
      // The engine itself removes one that has ended, and says that it is at it.
      // Podman, where one is just ending, says that it cannot be stopped.
      const isBusy = error.code === "unsupported" ||
        error.message.includes("container state improper");
      if (!isBusy || performance.now() > deadline) throw error;
    }
    await delay(REMOVAL_POLL_MS);
  }
}
