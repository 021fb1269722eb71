import { decodeLine, encodeLine, isObject, quoteLine } from "./json_line.ts";
import {
  type JsonLineSessionOptions,
  SEND_TIMEOUT_MS_DEFAULT,
  type SessionBounds,
  sessionBounds,
} from "./json_line_session_options.ts";
import { LineChannel, type LineProcess } from "./line_channel.ts";
import { ReplyIds } from "./reply_ids.ts";
import { SerialQueue } from "../_serial_queue.ts";
import { serverEnded, sessionClosed } from "./session_error.ts";
import { checkTimeoutMs, untilEnded } from "../_until_ended.ts";
import { BackendError } from "../backend_error.ts";
import type { SandboxEgress } from "../sandbox_egress.ts";
import type {
  SandboxSession,
  SendOptions,
  SessionCommand,
  SessionReply,
} from "../session_backend.ts";

/** How many commands a server that sends ids back may leave without a reply. */
const UNANSWERED_MAX = 1_000;

/** A command on its way. */
interface Command {
  readonly id: string;
  readonly line: Uint8Array;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** A command whose turn has come. */
type Request = Command & PromiseWithResolvers<SessionReply>;

/**
 * A session with a server that reads a command a line, and answers each with an
 * object a line: the predecessor's `zu-browser` protocol, and ids.
 *
 * After any fault the session closes itself, with its program and, through
 * `onClose`, its sandbox, whether or not anybody calls `close`.
 */
export class JsonLineSession implements SandboxSession {
  /** The session's id. */
  readonly id: string;
  /** What its sandbox may reach, if that has scoped egress. */
  readonly egress?: SandboxEgress;
  readonly #process: LineProcess;
  readonly #onClose: () => Promise<void>;
  readonly #bounds: SessionBounds;
  readonly #channel: LineChannel;
  readonly #queue: SerialQueue;
  readonly #ids = new ReplyIds();
  #current: Request | undefined;
  #goodbye: { readonly id: string; readonly resolve: () => void } | undefined;
  #fault: BackendError | undefined;
  #ended: Promise<void> | undefined;

  /**
   * Takes the program's streams and begins to read.
   *
   * @param process The program.
   * @param options Id, end and bounds.
   * @throws {RangeError} If a bound is no integer above 0.
   */
  constructor(process: LineProcess, options: JsonLineSessionOptions) {
    this.id = options.id;
    if (options.egress !== undefined) this.egress = options.egress;
    this.#process = process;
    this.#onClose = options.onClose;
    this.#bounds = sessionBounds(options);
    this.#queue = new SerialQueue(this.#bounds.queueMax);
    this.#channel = new LineChannel(process, {
      ...this.#bounds,
      onLine: (line) => this.#receive(line),
      onEnd: (end) => {
        this.#goodbye?.resolve();
        this.#fail(serverEnded(this.id, end));
      },
    });
  }

  /** Whether commands may still be answered: false after a close or a fault. */
  get isOpen(): boolean {
    return this.#ended === undefined && this.#channel.isOpen;
  }

  /**
   * Sends a command; see {@linkcode SandboxSession.send}. It is taken as it is at
   * the call, and its time runs from when its turn comes. Until then an abort
   * takes it back unsent; afterwards, a server that sends no ids back has lost
   * step, and the session closes.
   *
   * @param command The command.
   * @param options Time limit and cancellation.
   * @returns The reply.
   * @throws {BackendError} `timeout`, `closed`, `protocol_error` or
   * `sandbox_gone`.
   * @throws {RangeError} If too many commands wait, or `timeoutMs` is no time.
   * @throws {TypeError} If the command is no JSON object.
   */
  async send(
    command: SessionCommand,
    options: SendOptions = {},
  ): Promise<SessionReply> {
    const { signal, timeoutMs = SEND_TIMEOUT_MS_DEFAULT } = options;
    signal?.throwIfAborted();
    checkTimeoutMs(timeoutMs);
    if (!isObject(command)) {
      throw new TypeError("A session's command has to be an object");
    }
    this.#refuseIfEnded();
    const id = this.#ids.make();
    const line = encodeLine({ ...command, id });
    return await this.#queue.run(
      () => this.#exchange({ id, line, timeoutMs, signal }),
      signal,
    );
  }

  #refuseIfEnded(): void {
    if (this.#ended !== undefined) throw sessionClosed(this.id, this.#fault);
  }

  async #exchange(command: Command): Promise<SessionReply> {
    const { id, timeoutMs, signal } = command;
    signal?.throwIfAborted();
    this.#refuseIfEnded();
    const request = {
      ...command,
      ...Promise.withResolvers<SessionReply>(),
    };
    this.#current = request;
    void this.#write(request);
    try {
      const end = await untilEnded(timeoutMs, [signal], request.promise);
      if (end === "timeout") throw this.#timeout(request);
      return end.value;
    } finally {
      this.#current = undefined;
      if (this.#ids.isUnanswered(id)) this.#abandon();
    }
  }

  async #write(request: Request): Promise<void> {
    // A server that does not read is sent nothing further, which would pile up.
    await this.#channel.written;
    if (this.#current !== request || request.signal?.aborted) return;
    if (!this.#channel.isOpen) return;
    this.#ids.add(request.id);
    this.#channel.write(request.line);
  }

  #timeout({ id, timeoutMs }: Request): BackendError {
    const found = !this.#ids.isUnanswered(id)
      ? "The command was not sent, since the server has not read what was"
      : this.#ids.areSentBack
      ? "A late reply will be dropped"
      : "The server sends no ids back, so the session was closed. Open a new one";
    return new BackendError(
      "timeout",
      `Session ${this.id} had no reply within ${timeoutMs} ms. ${found}`,
    );
  }

  /** Nobody waits any more for the reply to a command that was sent. */
  #abandon(): void {
    if (!this.#ids.areSentBack) {
      this.#lostStep(
        "a reply was given up, and without ids the next one cannot be told " +
          "from it",
      );
    } else if (this.#ids.unanswered >= UNANSWERED_MAX) {
      this.#lostStep(`${this.#ids.unanswered} commands have had no reply`);
    }
  }

  #receive(line: Uint8Array | undefined): void {
    const reply = line && decodeLine(line);
    if (reply === "blank") return;
    if (this.#ended !== undefined) return this.#receiveLast(reply);
    if (line === undefined) {
      const { lineBytesMax } = this.#bounds;
      return this.#lostStep(
        `it sent a line of more than ${lineBytesMax} bytes`,
      );
    }
    if (reply === undefined) {
      return this.#lostStep(`it sent what is no object: ${quoteLine(line)}`);
    }
    const taken = this.#ids.take(reply);
    if (taken === "stray") return;
    if (taken === "unknown") {
      return this.#lostStep(
        `it sent a reply that belongs to no command: ${quoteLine(line)}`,
      );
    }
    if (taken.id === this.#current?.id) this.#current.resolve(reply);
  }

  /** What comes after the end: late replies, and the one to the close. */
  #receiveLast(reply: SessionReply | undefined): void {
    if (this.#goodbye === undefined || reply === undefined) return;
    if (reply.id === this.#goodbye.id || reply.closed === true) {
      this.#goodbye.resolve();
    }
  }

  #lostStep(found: string): void {
    this.#fail(
      new BackendError(
        "protocol_error",
        `Session ${this.id} has lost step with its server: ${found}`,
      ),
    );
  }

  #fail(fault: BackendError): void {
    if (this.#ended !== undefined) return;
    this.#fault = fault;
    this.#shut(fault, this.#tearDown());
  }

  /**
   * Ends the session: tells the server, kills it and calls `onClose`. Commands
   * that have no reply yet are rejected with `closed`. Harmless if done before.
   *
   * @throws What killing the server or `onClose` throws.
   */
  close(): Promise<void> {
    if (this.#ended === undefined) {
      this.#shut(sessionClosed(this.id), this.#endServer());
    }
    return this.#ended!;
  }

  /** Ends the session; see {@linkcode JsonLineSession.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #shut(error: BackendError, ended: Promise<void>): void {
    this.#ended = ended;
    // How the end went is told to those who close the session, if anyone does.
    ended.catch(() => {});
    // Those who wait find out one after the other, as their turns come.
    this.#current?.reject(error);
    this.#current = undefined;
  }

  async #endServer(): Promise<void> {
    if (this.#channel.isOpen) {
      const id = this.#ids.make();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#goodbye = { id, resolve };
      this.#channel.write(encodeLine({ op: "close", id }));
      await untilEnded(this.#bounds.closeTimeoutMs, [], promise);
    }
    await this.#tearDown();
  }

  async #tearDown(): Promise<void> {
    try {
      const stopped = this.#channel.stop();
      const killed = Promise.all([this.#process.kill(), stopped]);
      // An engine that hangs must not keep the sandbox from being ended.
      await untilEnded(this.#bounds.closeTimeoutMs, [], killed);
    } finally {
      await this.#onClose();
    }
  }
}
