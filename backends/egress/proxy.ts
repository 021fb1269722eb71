import type { EgressAttempt, EgressReason } from "../egress_attempt.ts";
import { AttemptLog, type AttemptLogOptions } from "./attempt_log.ts";
import { ByteBudget } from "./byte_budget.ts";
import { Conversation } from "./conversation.ts";
import type { Dialling } from "./dial.ts";
import { type CheckedEgress, decide } from "./egress_policy_check.ts";
import { OpenAttempt } from "./open_attempt.ts";
import { Wire } from "./wire.ts";

/** What a proxy is made with. */
export interface EgressProxyOptions extends Omit<Dialling, "findDeny"> {
  /** What is allowed. */
  readonly policy: CheckedEgress;
  /** The id of the sandbox whose connections these are. */
  readonly sandbox: () => string;
  /** Is given each attempt when it has ended. */
  readonly onAttempt?: AttemptLogOptions["onAttempt"];
  /** Is told what an operator should know. */
  readonly onWarning: (message: string) => void;
}

/** The only way out of a sandbox: what its policy allows, and a record of it. */
export class EgressProxy {
  readonly #listener: Deno.Listener;
  readonly #options: EgressProxyOptions;
  readonly #log: AttemptLog;
  readonly #budget: ByteBudget;
  readonly #open = new Set<OpenAttempt>();
  readonly #turnedAway = new Set<OpenAttempt>();
  readonly #conversations = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  #policy: CheckedEgress;
  #isOpen = true;
  #hasLostRecord = false;
  #closed: Promise<void> | undefined;

  /**
   * Serves what connects.
   *
   * @param listener Where; it is closed with the proxy.
   */
  constructor(listener: Deno.Listener, options: EgressProxyOptions) {
    this.#listener = listener;
    this.#options = options;
    this.#policy = options.policy;
    this.#budget = new ByteBudget(options.policy.bytesMax);
    this.#log = new AttemptLog({
      onAttempt: options.onAttempt,
      onFault: (error) => this.#loseRecord(error),
    });
    this.#accepting = this.#accept();
  }

  /** The policy that holds now. */
  get policy(): CheckedEgress {
    return this.#policy;
  }

  /** How many attempts go on. */
  get open(): number {
    return this.#open.size;
  }

  /** Whether it takes connections. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Replaces the policy, also for what goes on. */
  replace(policy: CheckedEgress): void {
    this.#policy = policy;
    for (const attempt of this.#open) {
      if (attempt.asked === undefined) continue;
      const verdict = decide(policy, attempt.asked);
      const isStill = verdict.allowed &&
        (attempt.carries !== "tcp" || verdict.rule.tcp);
      if (!isStill) attempt.cut("revoked");
    }
  }

  /** The attempts that have ended, from the first that is kept on. */
  attempts(signal?: AbortSignal): AsyncIterableIterator<EgressAttempt> {
    return this.#log.iterate(signal);
  }

  /** Cuts everything, takes nothing more, and waits until all is recorded. */
  close(): Promise<void> {
    this.#stop("ended");
    return this.#closed ??= this.#drain();
  }

  #stop(reason: EgressReason): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#listener.close();
    for (const attempt of this.#open.union(this.#turnedAway)) {
      attempt.cut(reason);
    }
  }

  async #drain(): Promise<void> {
    this.#log.stopHolding();
    await this.#accepting;
    await Promise.all(this.#conversations);
    await this.#log.end();
  }

  async #accept(): Promise<void> {
    while (this.#isOpen) {
      // None passes whose record could not be kept.
      await this.#log.waitForRoom();
      if (!this.#isOpen) return;
      let conn: Deno.Conn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (!this.#isOpen) return;
        this.#stop("ended");
        this.#options.onWarning(
          `The egress of sandbox ${this.#options.sandbox()} is closed: its proxy ` +
            `takes no connections: ${error}`,
        );
        return;
      }
      // It may have come while the proxy was closed, which would not cut it.
      if (!this.#isOpen) return conn.close();
      // Sandboxes that are still open are no reason not to exit.
      conn.unref();
      const conversation = this.#converse(new Wire(conn));
      this.#conversations.add(conversation);
      conversation.finally(() => this.#conversations.delete(conversation));
    }
  }

  async #converse(client: Wire): Promise<void> {
    const attempt = new OpenAttempt(this.#budget);
    const { connectionsMax } = this.#policy;
    const isOneTooMany = this.#open.size >= connectionsMax;
    // Those that are told so must not keep others out, nor be without number.
    const mayLinger = this.#turnedAway.size < connectionsMax;
    const among = isOneTooMany ? this.#turnedAway : this.#open;
    among.add(attempt);
    try {
      const conversation = new Conversation(client, attempt, {
        ...this.#options,
        policy: () => this.#policy,
        budget: this.#budget,
      });
      const isAttempt = isOneTooMany
        ? await conversation.refuse(mayLinger)
        : await conversation.run();
      if (isAttempt) this.#log.add(attempt.record(this.#options.sandbox()));
    } finally {
      among.delete(attempt);
    }
  }

  #loseRecord(error: unknown): void {
    // First things first: whoever is told may throw, too.
    this.#stop("ended");
    if (this.#hasLostRecord) return;
    this.#hasLostRecord = true;
    const found = error instanceof Error ? error.message : String(error);
    this.#options.onWarning(
      `The egress of sandbox ${this.#options.sandbox()} is closed: an attempt ` +
        `could not be recorded: ${found}`,
    );
  }
}
