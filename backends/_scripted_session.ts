import { type Script, sortedText } from "./_script.ts";
import type { SharableSession } from "./_shared_session.ts";
import { checkTimeoutMs, untilEnded } from "./_until_ended.ts";
import { BackendError } from "./backend_error.ts";
import type { Sandbox } from "./sandbox_backend.ts";
import type {
  SendOptions,
  SessionCommand,
  SessionReply,
} from "./session_backend.ts";

/** How long a reply may take when the caller does not say. */
const SEND_TIMEOUT_MS_DEFAULT = 120_000;

/** A session whose server replays a script, one command after the other. */
export class ScriptedSession implements SharableSession {
  /** The sandbox's id. */
  readonly id: string;
  readonly #sandbox: Sandbox;
  readonly #script: Script<SessionReply>;
  readonly #closing = new AbortController();
  /** Resolves when the commands that were sent are dealt with. */
  #idle: Promise<void> = Promise.resolve();

  /**
   * Opens a session.
   *
   * @param sandbox Its sandbox, which ends with it.
   * @param script The exchanges, to be replayed from the start.
   */
  constructor(sandbox: Sandbox, script: Script<SessionReply>) {
    this.id = sandbox.id;
    this.#sandbox = sandbox;
    this.#script = script.again();
  }

  /** Whether it was not closed. */
  get isOpen(): boolean {
    return !this.#closing.signal.aborted;
  }

  /** Takes a step of the script when those before are dealt with. */
  async send(
    command: SessionCommand,
    options: SendOptions = {},
  ): Promise<SessionReply> {
    const { signal, timeoutMs = SEND_TIMEOUT_MS_DEFAULT } = options;
    signal?.throwIfAborted();
    checkTimeoutMs(timeoutMs);
    this.#closing.signal.throwIfAborted();
    const { id: _, ...asked } = structuredClone(command);
    const before = this.#idle;
    const done = Promise.withResolvers<void>();
    this.#idle = before.then(() => done.promise);
    let isOver = false;
    const reply = before.then(() => isOver ? hang() : this.#reply(asked));
    try {
      const ends = [signal, this.#closing.signal];
      const end = await untilEnded(timeoutMs, ends, reply);
      if (end !== "timeout") return end.value;
      throw new BackendError(
        "timeout",
        `No reply to ${sortedText(asked)} came within ${timeoutMs} ms`,
      );
    } finally {
      isOver = true;
      done.resolve();
    }
  }

  #reply(asked: unknown): Promise<SessionReply> | SessionReply {
    const { answer, error } = this.#script.take(asked);
    if (error !== undefined) throw error;
    return answer ?? hang();
  }

  /** Ends the session and its sandbox. Harmless if done before. */
  async close(): Promise<void> {
    this.#closing.abort(
      new BackendError(
        "closed",
        `The session with sandbox ${this.id} is closed. Open a new one`,
      ),
    );
    await this.#sandbox[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The reply to what is pending. */
function hang(): Promise<never> {
  return new Promise(() => {});
}
