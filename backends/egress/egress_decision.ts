import { canonicalHost, coversHost, isIPv6 } from "./egress_host.ts";
import { mappedIPv4, parseAddress } from "./ip_address.ts";
import type { CheckedEgress } from "./egress_policy_check.ts";
import {
  allowsMethod,
  type CheckedRule,
  DEFAULT_PORTS,
  denies,
  type EgressScheme,
  type EgressTarget,
  isForScheme,
  matches,
} from "./egress_rule.ts";
import { shown, shownList } from "../spec/shown.ts";

/** What a sandbox asks its proxy for. */
export interface EgressRequest extends EgressTarget {
  /** The method; that of a tunnel is CONNECT, whatever this says. */
  readonly method: string;
}

/** Whether something is allowed, and why. */
export type Verdict =
  | {
    /** It is. */
    readonly allowed: true;
    /** The rule that allows it: one with `tcp` if there is one. */
    readonly rule: CheckedRule;
  }
  | {
    /** It is not. */
    readonly allowed: false;
    /** Why, as the record has it. */
    readonly reason: "not_allowed" | "denied" | "method";
    /** The rule that denies it, or allows other methods. */
    readonly rule?: CheckedRule;
    /** Why, as a sentence for who asked. */
    readonly detail: string;
  };

/**
 * Decides whether a sandbox may have what it asks for. Of addresses, which are
 * looked up only after that, it says nothing.
 *
 * @param policy The policy.
 * @param request What is asked for. Its host may be spelt in any way; one that is
 * no host is not allowed.
 */
export function decide(policy: CheckedEgress, request: EgressRequest): Verdict {
  const host = canonicalHost(request.host);
  if (host === undefined) {
    return {
      allowed: false,
      reason: "not_allowed",
      detail: `${shown(request.host)} is no host that a rule could allow: a ` +
        "name, or an address in its usual spelling.",
    };
  }
  const target = { ...request, host };
  const asked = `${wayOf(target.scheme)} to ${hostText(host)}:${target.port}`;
  const deny = findDeny(policy, target);
  if (deny !== undefined) {
    return {
      allowed: false,
      reason: "denied",
      rule: deny,
      detail: `${asked} is denied by the rule "${deny.text}", whatever else ` +
        "allows it.",
    };
  }
  const [first, ...others] = policy.allow.filter((rule) =>
    matches(rule, target)
  );
  if (first === undefined) {
    return {
      allowed: false,
      reason: "not_allowed",
      detail: `No rule allows ${asked}. ${alternative(policy, host)}`,
    };
  }
  const method = target.scheme === "connect" ? "CONNECT" : request.method;
  const isTunnel = target.scheme === "connect";
  const allowing = [first, ...others].filter((rule) =>
    isTunnel === (method === "CONNECT") && allowsMethod(rule, method)
  );
  const best = allowing.find(({ tcp }) => tcp) ?? allowing[0];
  if (best !== undefined) return { allowed: true, rule: best };
  const methods = [first, ...others].flatMap((rule) => rule.methods ?? []);
  return {
    allowed: false,
    reason: "method",
    rule: first,
    detail: `The rule "${first.text}" does not allow the method ` +
      `${shown(method)}; allowed are ${shownList([...new Set(methods)])}.`,
  };
}

/**
 * The rule that denies a host and port, whatever allows them.
 *
 * @param policy The policy.
 * @param target A host that was asked for, or an address that was found for it.
 */
export function findDeny(
  policy: Pick<CheckedEgress, "deny">,
  target: { readonly host: string; readonly port: number },
): CheckedRule | undefined {
  const address = parseAddress(target.host);
  const host = (address && mappedIPv4(address)) ?? canonicalHost(target.host);
  if (host === undefined) return undefined;
  return policy.deny.find((rule) => denies(rule, { ...target, host }));
}

function hostText(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

function wayOf(scheme: EgressScheme): string {
  return scheme === "connect" ? "CONNECT" : "plain HTTP";
}

/** What else of a host is allowed, where the port or the way is wrong. */
function alternative(policy: CheckedEgress, host: string): string {
  const ways = new Set<string>();
  for (const rule of policy.allow) {
    if (!coversHost(rule.host, host)) continue;
    for (const scheme of ["connect", "http"] as const) {
      const port = rule.port ?? DEFAULT_PORTS[scheme];
      if (!isForScheme(rule, scheme)) continue;
      if (findDeny(policy, { host, port }) !== undefined) continue;
      ways.add(`${wayOf(scheme)} to port ${port}`);
    }
  }
  if (ways.size > 0) {
    return `Allowed for this host: ${shownList([...ways])}.`;
  }
  const below = policy.allow.find((rule) => rule.host === `*.${host}`);
  return below === undefined
    ? "No rule is for this host."
    : `The rule "${below.text}" is for the names below it alone.`;
}
