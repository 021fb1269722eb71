import { coversHost } from "./egress_host.ts";
import { type CheckedEgress, readAllow } from "./egress_policy_check.ts";
import {
  allowsMethod,
  type CheckedRule,
  DEFAULT_PORTS,
  type EgressScheme,
  isForScheme,
} from "./egress_rule.ts";
import { BackendError } from "../backend_error.ts";
import { problemOf, refusal } from "../spec/refusal.ts";

const CONNECT = "CONNECT";

/**
 * The first rule that allows something which no rule of a ceiling allows. A
 * ceiling's rule has to cover all that a rule allows by tunnels, and one has to
 * cover all that it allows by plain HTTP: what several cover together is not
 * found out.
 */
export function findLooser(
  allow: readonly CheckedRule[],
  ceiling: readonly CheckedRule[],
): CheckedRule | undefined {
  return allow.find((rule) =>
    (["connect", "http"] as const).some((scheme) =>
      isForScheme(rule, scheme) &&
      !ceiling.some((wide) => covers(wide, rule, scheme))
    )
  );
}

function plainMethods(methods: readonly string[]): readonly string[] {
  return methods.filter((method) => method !== CONNECT);
}

/** Whether a rule allows all that another one allows by a scheme. */
function covers(
  wide: CheckedRule,
  narrow: CheckedRule,
  scheme: EgressScheme,
): boolean {
  const port = DEFAULT_PORTS[scheme];
  if (!coversHost(wide.host, narrow.host)) return false;
  if ((wide.port ?? port) !== (narrow.port ?? port)) return false;
  if (scheme === "connect") {
    return allowsMethod(wide, CONNECT) && (wide.tcp || !narrow.tcp);
  }
  return wide.methods === undefined ||
    (narrow.methods !== undefined &&
      plainMethods(narrow.methods).every((each) => allowsMethod(wide, each)));
}

/**
 * Refuses a list that allows what a ceiling does not.
 *
 * @param allow The list.
 * @param ceiling The most that it may allow.
 * @param by Who grants the ceiling, as messages name it.
 * @throws {BackendError} `network_refused`, naming the rule.
 */
export function checkWithin(
  allow: readonly CheckedRule[],
  ceiling: readonly CheckedRule[],
  by: string,
): void {
  const looser = findLooser(allow, ceiling);
  if (looser === undefined) return;
  const tunnel = Object.freeze({ ...looser, methods: [CONNECT] });
  const hint = looser.methods === undefined &&
      findLooser([tunnel], ceiling) === undefined
    ? ". It would be granted for tunnels alone, with methods: " +
      `["${CONNECT}"]; without methods, it is for plain HTTP, too`
    : ". Leave it out, or only tighten what is granted";
  throw refusal(
    `the rule "${looser.text}" allows more than ${by} grants${hint}`,
    "network_refused",
  );
}

/**
 * The policy that allows what one policy allows, if another one does, too; with
 * what either denies, and the smaller of each number.
 *
 * @param own The one.
 * @param ceiling The other.
 * @returns Undefined if the one has a rule that the other does not cover.
 */
export function narrowEgress(
  own: CheckedEgress,
  ceiling: CheckedEgress,
): CheckedEgress | undefined {
  if (findLooser(own.allow, ceiling.allow) !== undefined) return undefined;
  const least = (key: "connectionsMax" | "headerBytesMax" | "idleTimeoutMs") =>
    Math.min(own[key], ceiling[key]);
  return Object.freeze({
    allow: own.allow,
    deny: denyBoth(own.deny, ceiling.deny),
    connectionsMax: least("connectionsMax"),
    headerBytesMax: least("headerBytesMax"),
    idleTimeoutMs: least("idleTimeoutMs"),
    bytesMax: own.bytesMax === undefined || ceiling.bytesMax === undefined
      ? own.bytesMax ?? ceiling.bytesMax
      : Math.min(own.bytesMax, ceiling.bytesMax),
  });
}

/** What either of two lists denies, each rule once. */
export function denyBoth(
  own: readonly CheckedRule[],
  other: readonly CheckedRule[],
): readonly CheckedRule[] {
  const all = [...own, ...other].map((rule) => [rule.text, rule] as const);
  return Object.freeze([...new Map(all).values()]);
}

/**
 * The policy of a sandbox with another allow-list: what it denies and its bounds
 * stay as they are.
 *
 * @param current The policy that holds.
 * @param allow The new list, which may be anything.
 * @param ceiling The most that it may allow; undefined is whatever is public.
 * @throws {BackendError} `network_refused` if it is no list of rules, or allows
 * more.
 */
export function replaceAllow(
  current: CheckedEgress,
  allow: unknown,
  ceiling: CheckedEgress | undefined,
): CheckedEgress {
  try {
    const rules = readAllow(allow, "allow");
    if (ceiling !== undefined) {
      checkWithin(rules, ceiling.allow, "the sandbox's tier or its backend");
    }
    return Object.freeze({ ...current, allow: rules });
  } catch (cause) {
    if (!(cause instanceof BackendError)) throw cause;
    throw new BackendError(
      "network_refused",
      `Cannot replace what the sandbox may reach: ${problemOf(cause)}`,
      { cause },
    );
  }
}
