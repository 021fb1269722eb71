import type { EgressReason } from "../egress_attempt.ts";
import type { ByteBudget } from "./byte_budget.ts";
import { dial, type Dialling } from "./dial.ts";
import { type CheckedEgress, decide, findDeny } from "./egress_policy_check.ts";
import type { CheckedRule } from "./egress_rule.ts";
import { exchange } from "./exchange.ts";
import { forwardedRequest } from "./forwarded_head.ts";
import { requestBody } from "./message_body.ts";
import type { Asked, OpenAttempt } from "./open_attempt.ts";
import { WriteFault } from "./pass_bytes.ts";
import { HeadTooLong, readHead } from "./read_head.ts";
import { refusalReply } from "./refusal_reply.ts";
import { Refused } from "./refused.ts";
import {
  MalformedMessage,
  parseRequestHead,
  type RequestHead,
} from "./request_head.ts";
import { connectTarget, plainTarget, RefusedTarget } from "./target.ts";
import { tunnel } from "./tunnel.ts";
import { Wire } from "./wire.ts";

/** How long a request's head may take, if nothing shorter holds. */
const HEAD_TIMEOUT_MS = 30_000;
/** How long, and how much, a client that was refused may go on sending. */
const LINGER_MS = 500;
const LINGER_BYTES = 1024 * 1024;

const STATUSES: Readonly<Partial<Record<EgressReason, 400 | 431 | 502 | 503>>> =
  {
    malformed: 400,
    head_max: 431,
    unresolved: 502,
    unreachable: 502,
    connections_max: 503,
  };
/** What is no refusal, since the policy allows it. */
const FAILURES: readonly EgressReason[] = ["unresolved", "unreachable"];

/** What a conversation needs to know. */
export interface ConversationOptions extends Omit<Dialling, "findDeny"> {
  /** The policy that holds now. */
  readonly policy: () => CheckedEgress;
  /** What the sandbox has left. */
  readonly budget: ByteBudget;
  /** Is told what an operator should know. */
  readonly onWarning: (message: string) => void;
}

/** What is said on one connection: one request, and what comes of it. */
export class Conversation {
  readonly #client: Wire;
  readonly #attempt: OpenAttempt;
  readonly #options: ConversationOptions;
  #host: Wire | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    client: Wire,
    attempt: OpenAttempt,
    options: ConversationOptions,
  ) {
    this.#client = client;
    this.#attempt = attempt;
    this.#options = options;
    attempt.signal.addEventListener("abort", () => this.#close());
  }

  /**
   * Goes on until it is over; what it came to is in the attempt.
   *
   * @returns Whether it was an attempt: who says nothing tries nothing.
   */
  async run(): Promise<boolean> {
    try {
      const head = await this.#readHead();
      if (head === undefined) return false;
      await this.#serve(head);
      this.#attempt.settle("closed");
    } catch (error) {
      await this.#fail(error);
    } finally {
      clearTimeout(this.#timer);
      this.#close();
    }
    return true;
  }

  /**
   * Sends away one that is too many.
   *
   * @param mayLinger Whether there is time to see that it gets the answer.
   */
  async refuse(mayLinger: boolean): Promise<boolean> {
    const { connectionsMax } = this.#options.policy();
    const refused = new Refused(
      "connections_max",
      `There are ${connectionsMax} connections, and no more are allowed at once`,
    );
    this.#attempt.settle(refused.reason);
    try {
      await this.#part(refused, mayLinger);
    } finally {
      clearTimeout(this.#timer);
      this.#close();
    }
    return true;
  }

  async #readHead(): Promise<RequestHead | undefined> {
    const { headerBytesMax, idleTimeoutMs } = this.#options.policy();
    this.#startTimer(
      () => this.#attempt.cut("head_max"),
      Math.min(HEAD_TIMEOUT_MS, idleTimeoutMs),
    );
    const reading = readHead(this.#client, headerBytesMax);
    const bytes = await reading.catch((error) => {
      // However it ended: nothing was said.
      if (this.#client.buffered.length === 0) return undefined;
      throw error;
    });
    clearTimeout(this.#timer);
    if (bytes !== undefined) return parseRequestHead(bytes);
    if (this.#client.buffered.length === 0) return undefined;
    throw new MalformedMessage("it ended before its head did");
  }

  async #serve(head: RequestHead): Promise<void> {
    const { method } = head;
    this.#attempt.touch();
    this.#watchIdle();
    if (method === "CONNECT") {
      this.#attempt.guess({ scheme: "connect", method });
      const authority = connectTarget(head);
      this.#attempt.guess(authority);
      const body = requestBody(head);
      // Some clients say that there is none by a length of 0.
      if (
        body.kind === "chunked" || (body.kind === "length" && body.length > 0)
      ) {
        throw new MalformedMessage("CONNECT has no body");
      }
      const rule = this.#grant({ ...authority, scheme: "connect", method });
      // Until it turns out to be TLS, it is there by that rule alone.
      if (rule.tcp) this.#attempt.carries = "tcp";
      const host = await this.#dial(authority);
      await tunnel(this.#client, host, this.#attempt, { authority, rule });
    } else {
      this.#attempt.guess({ scheme: "http", method });
      const target = plainTarget(head);
      const { host: name, port } = target;
      this.#attempt.guess({ host: name, port });
      const body = requestBody(head);
      const sent = forwardedRequest(head, target);
      this.#grant({ host: name, port, scheme: "http", method });
      const host = await this.#dial(target);
      const { headerBytesMax } = this.#options.policy();
      const request = { method, head: sent, body, headerBytesMax };
      if (await exchange(this.#client, host, this.#attempt, request)) return;
      this.#attempt.settle("closed");
      await this.#part(undefined);
    }
  }

  #grant(asked: Asked): CheckedRule {
    this.#attempt.asked = asked;
    if (this.#options.budget.isSpent) {
      throw new Refused(
        "bytes_max",
        "The sandbox has exchanged as many bytes as it may",
      );
    }
    const verdict = decide(this.#options.policy(), asked);
    if (!verdict.allowed) {
      const { reason, detail, rule } = verdict;
      throw new Refused(reason, detail, { rule: rule?.text });
    }
    // From here on, it is cut when its rule is taken away.
    this.#attempt.isAllowed = true;
    return verdict.rule;
  }

  async #dial(
    target: { readonly host: string; readonly port: number },
  ): Promise<Wire> {
    const conn = await dial(this.#attempt, target, {
      ...this.#options,
      findDeny: (address) => findDeny(this.#options.policy(), address),
    });
    conn.unref();
    this.#host = new Wire(conn);
    // It may have been cut while the connection was made.
    if (this.#attempt.signal.aborted) this.#close();
    return this.#host;
  }

  async #fail(error: unknown): Promise<void> {
    const refused = asRefused(error);
    if (refused === undefined) {
      this.#attempt.settle("closed");
      if (!isConnectionFault(error)) {
        this.#options.onWarning(`The egress proxy met a fault: ${error}`);
      }
      return;
    }
    if (error instanceof RefusedTarget) this.#attempt.guess(error);
    this.#attempt.settle(refused.reason);
    this.#attempt.isAllowed &&= this.#attempt.signal.aborted ||
      FAILURES.includes(refused.reason);
    if (refused.cause instanceof Deno.errors.NotCapable) {
      this.#options.onWarning(
        `A sandbox could not reach what it may: ${refused.cause.message}`,
      );
    }
    await this.#part(this.#client.hasWritten ? undefined : refused);
  }

  /** Parts with the client, which may be sending still. */
  async #part(refused: Refused | undefined, mayLinger = true): Promise<void> {
    // Nothing more comes from the host, and nothing more gets there.
    this.#host?.close();
    if (this.#attempt.signal.aborted) return;
    try {
      if (refused !== undefined) await this.#answer(refused);
      if (mayLinger) await this.#linger();
    } catch (error) {
      // Who does not wait for the answer does not get it.
      if (!isConnectionFault(error)) throw error;
    }
  }

  async #answer({ reason, message, rule }: Refused): Promise<void> {
    const { host = null, port = null } = this.#attempt.record("");
    await this.#client.write(
      refusalReply(STATUSES[reason] ?? 403, {
        error: FAILURES.includes(reason) ? "egress_failed" : "egress_refused",
        reason,
        message,
        host,
        port,
        ...(rule !== undefined && { rule }),
        allow: this.#options.policy().allow.map(({ text }) => text),
      }),
    );
  }

  /** Reads on for a moment: closed with something unread, the answer is lost. */
  async #linger(): Promise<void> {
    await this.#client.closeWrite();
    this.#startTimer(() => this.#close(), LINGER_MS);
    const buffer = new Uint8Array(16 * 1024);
    for (let left = LINGER_BYTES; left > 0;) {
      const read = await this.#client.read(buffer);
      if (read === null) return;
      left -= read;
    }
  }

  #watchIdle(): void {
    const { idleTimeoutMs } = this.#options.policy();
    const leftMs = idleTimeoutMs - this.#attempt.idleMs;
    if (leftMs <= 0) return this.#attempt.cut("idle");
    this.#startTimer(() => this.#watchIdle(), leftMs);
  }

  /** Starts the one timer, in place of what it was started for before. */
  #startTimer(fire: () => void, ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(fire, ms);
    Deno.unrefTimer(this.#timer);
  }

  #close(): void {
    this.#client.close();
    this.#host?.close();
  }
}

function asRefused(error: unknown): Refused | undefined {
  if (error instanceof Refused) return error;
  if (error instanceof RefusedTarget) {
    return new Refused(error.reason, error.message);
  }
  if (error instanceof HeadTooLong) {
    return new Refused("head_max", `No request: ${error.message}`);
  }
  if (error instanceof MalformedMessage) {
    return new Refused("malformed", `No request: ${error.message}`);
  }
  return undefined;
}

/** Whether it is one side that has gone, or was closed. */
function isConnectionFault(error: unknown): boolean {
  if (error instanceof WriteFault) return true;
  return error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted ||
    // Whatever the system calls by a name: ECONNRESET, EPIPE, EHOSTUNREACH…
    typeof (error as { code?: unknown } | null)?.code === "string";
}
