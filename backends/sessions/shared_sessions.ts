import { sortedText } from "../_script.ts";
import { type SessionOpener, SharedSession } from "./shared_session.ts";
import { untilEnded } from "../_until_ended.ts";
import { BackendError } from "../backend_error.ts";
import type { SandboxSession } from "../session_backend.ts";

/** Somebody who waits for a session. */
interface Opening {
  readonly runKey: string;
  /** Aborted by the caller's signal, by the end of the run, or by closing. */
  readonly controller: AbortController;
}

/**
 * Sessions that are shared by run key: the first who opens one launches it, the
 * last who closes it ends it.
 *
 * Of each key there is one session at most. While it ends, and after a fault of
 * its own, whoever opens the key waits until nothing of it is left, and then
 * launches anew.
 */
export class SharedSessions {
  readonly #sessions = new Map<string, SharedSession>();
  readonly #openings = new Set<Opening>();
  #isClosed = false;
  #closed: Promise<void> | undefined;

  /**
   * Opens a key's session, or takes part in it.
   *
   * @param runKey The key.
   * @param spec What the session is opened with, which has to be equal for all who
   * share it: JSON. The order of keys does not matter.
   * @param opener Launches the session, if it has to be. Its signal is aborted when
   * nobody waits for the launch any more; it then has to leave nothing.
   * @param options Cancellation, which is for this caller alone.
   * @returns A hold of the session. Closing it lets go of the session.
   * @throws {BackendError} `spec_refused` if the session was opened with another
   * spec; `closed`.
   * @throws {TypeError} If the key is empty.
   * @throws What the opener throws, or the signal's reason.
   */
  async open(
    runKey: string,
    spec: object,
    opener: SessionOpener,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<SandboxSession> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#isClosed) throw closed("all were closed");
    if (typeof runKey !== "string" || runKey === "") {
      throw new TypeError("A run key has to be a text that is not empty");
    }
    const opened = sortedText(spec);
    const controller = new AbortController();
    const opening = { runKey, controller };
    const onAbort = () => controller.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    this.#openings.add(opening);
    try {
      return await this.#join(opening, opened, opener);
    } finally {
      this.#openings.delete(opening);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #join(
    { runKey, controller: { signal } }: Opening,
    opened: string,
    opener: SessionOpener,
  ): Promise<SandboxSession> {
    for (;;) {
      const found = this.#sessions.get(runKey);
      if (found === undefined) break;
      if (found.isUsable) {
        if (found.opened !== opened) throw otherSpec(runKey);
        return await found.join(signal);
      }
      // Those who close it are told if that fails. Here it only has to be over.
      const ended = found.end().catch(() => {});
      await untilEnded(undefined, [signal], ended);
      signal.throwIfAborted();
    }
    const session = new SharedSession(opened, () => {
      if (this.#sessions.get(runKey) === session) this.#sessions.delete(runKey);
    });
    this.#sessions.set(runKey, session);
    session.launch(opener);
    return await session.join(signal);
  }

  /**
   * Ends a key's session, whoever holds it, and turns away those who wait for it.
   *
   * @param runKey The key.
   * @throws What closing the session throws.
   */
  async closeRun(runKey: string): Promise<void> {
    const reason = closed(`run "${runKey}" has ended`);
    for (const opening of this.#openings) {
      if (opening.runKey === runKey) opening.controller.abort(reason);
    }
    await this.#sessions.get(runKey)?.end(reason);
  }

  /**
   * Ends every session. Harmless if done before.
   *
   * @throws What closing a session throws; an `AggregateError` if several do.
   */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#closed ??= this.#closeAll();
  }

  async #closeAll(): Promise<void> {
    const reason = closed("all were closed");
    for (const { controller } of this.#openings) controller.abort(reason);
    const ends = await Promise.allSettled(
      Array.from(this.#sessions.values(), (session) => session.end(reason)),
    );
    const errors = ends.flatMap((end) =>
      end.status === "rejected" ? [end.reason] : []
    );
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) {
      throw new AggregateError(errors, "Several sessions could not be closed");
    }
  }
}

function closed(reason: string): BackendError {
  return new BackendError("closed", `Cannot open a session: ${reason}`);
}

function otherSpec(runKey: string): BackendError {
  return new BackendError(
    "spec_refused",
    `Cannot share the session of run key "${runKey}": it was opened with ` +
      "another spec or command. Use the same, or another key",
  );
}
