import { type Script, sortedText } from "./_script.ts";
import { SerialQueue } from "./_serial_queue.ts";
import { sessionClosed } from "./sessions/session_error.ts";
import type { SharableSession } from "./sessions/shared_session.ts";
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
/** How many commands may wait for their turn. */
const QUEUE_MAX = 1_000;

/** A session whose server replays a script, one command after the other. */
export class ScriptedSession implements SharableSession {
  /** The sandbox's id. */
  readonly id: string;
  readonly #sandbox: Sandbox;
  readonly #script: Script<SessionReply>;
  readonly #closing = new AbortController();
  readonly #queue = new SerialQueue(QUEUE_MAX);

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

  /** Takes a step of the script when its turn comes, from when its time runs. */
  async send(
    command: SessionCommand,
    options: SendOptions = {},
  ): Promise<SessionReply> {
    const { signal, timeoutMs = SEND_TIMEOUT_MS_DEFAULT } = options;
    const closing = this.#closing.signal;
    signal?.throwIfAborted();
    checkTimeoutMs(timeoutMs);
    closing.throwIfAborted();
    const { id: _, ...asked } = structuredClone(command);
    return await this.#queue.run(async () => {
      signal?.throwIfAborted();
      closing.throwIfAborted();
      const { answer, error } = this.#script.take(asked);
      if (error !== undefined) throw error;
      if (answer !== undefined) return answer;
      await untilEnded(timeoutMs, [signal, closing]);
      throw new BackendError(
        "timeout",
        `No reply to ${sortedText(asked)} came within ${timeoutMs} ms`,
      );
    }, signal);
  }

  /** Ends the session and its sandbox. Harmless if done before. */
  async close(): Promise<void> {
    // What is pending ends, and then each of those that wait for their turn.
    this.#closing.abort(sessionClosed(this.id));
    await this.#sandbox[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
