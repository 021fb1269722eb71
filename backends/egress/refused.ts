import type { EgressReason } from "../egress_attempt.ts";

/** What a {@linkcode Refused} may also say. */
export interface RefusedOptions extends ErrorOptions {
  /** The rule that decided, as policies write it. */
  readonly rule?: string | undefined;
}

/** An attempt that ends in an answer of the proxy's own. */
export class Refused extends Error {
  /** Why, as the record and the answer say it. */
  readonly reason: EgressReason;
  /** The rule that decided. */
  readonly rule: string | undefined;

  constructor(
    reason: EgressReason,
    message: string,
    { rule, ...options }: RefusedOptions = {},
  ) {
    super(message, options);
    this.reason = reason;
    this.rule = rule;
  }
}
