import { isObject } from "./json_line.ts";
import { sessionClosed } from "./session_error.ts";
import { untilEnded } from "../_until_ended.ts";
import type { SandboxEgress } from "../sandbox_egress.ts";
import type {
  SandboxSession,
  SendOptions,
  SessionCommand,
  SessionReply,
} from "../session_backend.ts";

/** One holder's part in a session that is shared. */
export class SessionHold implements SandboxSession {
  /** The session's id. */
  readonly id: string;
  /** What it may reach, for all who hold it. */
  readonly egress?: SandboxEgress;
  readonly #session: SandboxSession;
  readonly #release: () => Promise<void>;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  /**
   * Holds a session.
   *
   * @param session The session.
   * @param release Lets go of it; is called once.
   */
  constructor(session: SandboxSession, release: () => Promise<void>) {
    this.id = session.id;
    if (session.egress !== undefined) this.egress = session.egress;
    this.#session = session;
    this.#release = release;
  }

  /** Sends a command, unless it would end the session for all. */
  async send(
    command: SessionCommand,
    options?: SendOptions,
  ): Promise<SessionReply> {
    this.#closing.signal.throwIfAborted();
    if (isObject(command) && command.op === "close") {
      throw new TypeError(
        `The command "close" would end session ${this.id} for all who share ` +
          "it. Let go of it with close()",
      );
    }
    // To call off what was sent could end the session for the others, too.
    const reply = this.#session.send(command, options);
    const end = await untilEnded(undefined, [this.#closing.signal], reply);
    // Without a time limit there is no other end.
    return (end as { value: SessionReply }).value;
  }

  /**
   * Lets go of the session. What the holder waits for is rejected; if it was sent,
   * the server does it all the same.
   */
  close(): Promise<void> {
    this.#closing.abort(sessionClosed(this.id));
    return this.#closed ??= this.#release();
  }

  /** Lets go of the session. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
