import { readAllow, readDeny } from "./egress_policy_check.ts";
import type { CheckedRule } from "./egress_rule.ts";
import { asMisuse } from "../spec/refusal.ts";
import { fieldsOf } from "../spec/spec_values.ts";
import type { EgressOptions } from "../egress_options.ts";

const KEYS = [
  "allow",
  "deny",
  "forwarderImage",
  "treatAsPublic",
  "resolve",
  "onAttempt",
] as const satisfies readonly (keyof EgressOptions)[];

/** The most that a sandbox may reach by scoped egress. */
export interface EgressGrant {
  /** What it may be allowed; undefined is whatever is public. */
  readonly allow: readonly CheckedRule[] | undefined;
  /** What it never reaches. */
  readonly deny: readonly CheckedRule[];
}

/**
 * Reads what an operator grants; all keys have to be known, for a ceiling that is
 * misspelt would be none.
 *
 * @param option The option; undefined grants nothing to any tier but `render`.
 * @throws {TypeError} If it makes no sense.
 */
export function readEgressGrant(
  option: EgressOptions | undefined,
): EgressGrant | undefined {
  if (option === undefined) return undefined;
  return asMisuse("egress", () => {
    const fields = fieldsOf(option, "the option", KEYS);
    const allow = fields.get("allow");
    return Object.freeze({
      allow: allow === undefined ? undefined : readAllow(allow, "allow"),
      deny: readDeny(fields.get("deny"), "deny"),
    });
  });
}
