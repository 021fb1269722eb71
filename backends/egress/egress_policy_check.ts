import { type CheckedRule, ruleOf } from "./egress_rule.ts";
import { readDenyRule, readRule } from "./read_rule.ts";
import { fieldsOf, listOf, wrong } from "../spec/spec_values.ts";
import type { EgressPolicy } from "../egress_policy.ts";

export { decide, findDeny, type Verdict } from "./egress_decision.ts";

const RULES_MAX = 256;
const KEYS = [
  "allow",
  "deny",
  "connectionsMax",
  "headerBytesMax",
  "idleTimeoutMs",
  "bytesMax",
] as const satisfies readonly (keyof EgressPolicy)[];

/** A complete policy; frozen. */
export interface CheckedEgress {
  /** What is allowed. */
  readonly allow: readonly CheckedRule[];
  /** What is refused, whatever allows it; host and port are all that counts. */
  readonly deny: readonly CheckedRule[];
  /** How many connections there may be at once. */
  readonly connectionsMax: number;
  /** How long a head may be, in bytes. */
  readonly headerBytesMax: number;
  /** How long nothing may be sent on a connection, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** How many bytes may be exchanged in all, if there is a limit. */
  readonly bytesMax: number | undefined;
}

/**
 * Reads a policy, which may be anything, and fills in what it leaves open.
 *
 * @param value The policy.
 * @param what What it is, as messages name it.
 * @throws {BackendError} `spec_refused`
 */
export function readEgress(value: unknown, what: string): CheckedEgress {
  const fields = fieldsOf(value, what, KEYS);
  const integer = <Default extends number | undefined>(
    key: typeof KEYS[number],
    [min, max]: readonly [number, number],
    otherwise: Default,
  ): number | Default => {
    const given = fields.get(key);
    if (given === undefined) return otherwise;
    if (
      Number.isSafeInteger(given) && Number(given) >= min &&
      Number(given) <= max
    ) return Number(given);
    wrong(`${what}.${key}`, given, `it must be an integer, ${min} to ${max}`);
  };
  return Object.freeze({
    allow: readAllow(fields.get("allow"), `${what}.allow`),
    deny: readDeny(fields.get("deny"), `${what}.deny`),
    connectionsMax: integer("connectionsMax", [1, 4096], 256),
    headerBytesMax: integer("headerBytesMax", [1024, 2 ** 20], 32_768),
    idleTimeoutMs: integer("idleTimeoutMs", [1, 86_400_000], 300_000),
    bytesMax: integer("bytesMax", [1, Number.MAX_SAFE_INTEGER], undefined),
  });
}

/** Reads a list of what is allowed. */
export function readAllow(
  value: unknown,
  what: string,
): readonly CheckedRule[] {
  return Object.freeze(
    listOf(value, what, RULES_MAX)
      .map((each, i) => readRule(each, `${what}[${i}]`)),
  );
}

/** Reads a list of what is denied; none is an empty one. */
export function readDeny(
  value: unknown,
  what: string,
): readonly CheckedRule[] {
  const list = value === undefined ? [] : listOf(value, what, RULES_MAX);
  return Object.freeze(
    list.map((each, i) => readDenyRule(each, `${what}[${i}]`)),
  );
}

/** A complete policy as one to write down; frozen, and read as the same again. */
export function policyOf(checked: CheckedEgress): EgressPolicy {
  const { allow, deny, bytesMax, ...rest } = checked;
  return Object.freeze({
    allow: Object.freeze(allow.map(ruleOf)),
    deny: Object.freeze(deny.map(({ text }) => text)),
    ...rest,
    ...(bytesMax === undefined ? {} : { bytesMax }),
  });
}
