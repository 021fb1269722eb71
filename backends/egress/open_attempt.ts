import type { EgressAttempt, EgressReason } from "../egress_attempt.ts";
import type { ByteBudget } from "./byte_budget.ts";

/** A name is no longer than this; what is longer is none, and is cut. */
const HOST_CHARS_MAX = 253;

/** What is asked for, once it is known. */
export interface Asked {
  readonly host: string;
  readonly port: number;
  readonly scheme: "connect" | "http";
  readonly method: string;
}

/** What is known of an attempt that asks for nothing that could be granted. */
export interface Guessed {
  readonly host?: string | null;
  readonly port?: number | null;
  readonly scheme?: "connect" | "http";
  readonly method?: string;
}

/** An attempt that goes on: what is known of it, and what can cut it. */
export class OpenAttempt {
  /** What is asked for; undefined until it is known. */
  asked: Asked | undefined;
  /** The address that was dialled, or may not be. */
  ip: string | null = null;
  /** What a tunnel turned out to carry. */
  carries: "https" | "tcp" = "https";
  /** Whether the policy has allowed it. */
  isAllowed = false;
  readonly #budget: ByteBudget;
  readonly #startedAt = new Date();
  readonly #startedMs = performance.now();
  readonly #cut = new AbortController();
  #lastMs = performance.now();
  #bytesOut = 0;
  #bytesIn = 0;
  #reason: EgressReason | undefined;
  #guessed: Guessed = {};

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Aborted when it is cut. */
  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  /** How it came out, once that is known. */
  get reason(): EgressReason | undefined {
    return this.#reason;
  }

  /** How long nothing has been sent either way, in milliseconds. */
  get idleMs(): number {
    return performance.now() - this.#lastMs;
  }

  /** Says what is known of it, though it is not asked for as it should be. */
  guess(guessed: Guessed): void {
    this.#guessed = { ...this.#guessed, ...guessed };
  }

  /** Says how it comes out; the first word counts. */
  settle(reason: EgressReason): void {
    this.#reason ??= reason;
  }

  /** Ends it, wherever it is. */
  cut(reason: EgressReason): void {
    this.settle(reason);
    this.#cut.abort();
  }

  /** Something has moved, so that it is not idle. */
  touch(): void {
    this.#lastMs = performance.now();
  }

  /** Counts what is sent to the host; false if that is more than is left. */
  countOut(bytes: number): boolean {
    if (!this.#take(bytes)) return false;
    this.#bytesOut += bytes;
    return true;
  }

  /** Counts what comes from the host; false if that is more than is left. */
  countIn(bytes: number): boolean {
    if (!this.#take(bytes)) return false;
    this.#bytesIn += bytes;
    return true;
  }

  #take(bytes: number): boolean {
    this.touch();
    if (this.#budget.take(bytes)) return true;
    this.cut("bytes_max");
    return false;
  }

  /** What is recorded of it. */
  record(sandbox: string): EgressAttempt {
    const { host = null, port = null, scheme, method } = this.asked ??
      this.#guessed;
    return Object.freeze({
      sandbox,
      ts: this.#startedAt.toISOString(),
      host: host?.slice(0, HOST_CHARS_MAX) ?? null,
      port,
      ip: this.ip,
      scheme: scheme === "connect" ? this.carries : scheme ?? null,
      ...(method !== undefined && { method }),
      bytes_out: this.#bytesOut,
      bytes_in: this.#bytesIn,
      allowed: this.isAllowed,
      reason: this.#reason ?? "closed",
      duration_ms: Math.round((performance.now() - this.#startedMs) * 1000) /
        1000,
    });
  }
}
