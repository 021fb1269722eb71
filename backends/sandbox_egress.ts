import type { EgressAttempt } from "./egress_attempt.ts";
import type { EgressPolicy, EgressRule } from "./egress_policy.ts";

/** Options of {@linkcode SandboxEgress.attempts}. */
export interface AttemptsOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

/** What a sandbox with scoped egress may reach, and what it tried to. */
export interface SandboxEgress {
  /** The policy that holds now, with every value filled in. */
  readonly policy: EgressPolicy;
  /** How many attempts are going on. */
  readonly open: number;
  /**
   * Whether the sandbox can still reach anything: not when it has ended, and not
   * when its forwarder or its record was lost.
   */
  readonly isOpen: boolean;
  /**
   * Replaces the allow-list. It holds for the next attempt, and at once for those
   * that go on: what lost its grant is cut, and the record says `revoked`.
   *
   * @param allow The new list; an empty one allows nothing.
   * @throws {BackendError} `network_refused` if it has an entry that is none, or
   * allows more than the sandbox's tier or the backend grants; the old list stays.
   */
  allow(allow: readonly (string | EgressRule)[]): void;
  /**
   * The attempts, each when it has ended: the last 1000 of before, and those to
   * come, until the sandbox has ended. While one who iterates is 1000 behind, no
   * new connection is taken. To wait for attempts keeps no process from exiting.
   *
   * @param options Cancellation, which ends the iteration without an error.
   */
  attempts(options?: AttemptsOptions): AsyncIterableIterator<EgressAttempt>;
}
