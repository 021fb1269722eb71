import { coversHost } from "./egress_host.ts";
import type { EgressRule } from "../egress_policy.ts";

/** How a sandbox asks its proxy for a host. */
export type EgressScheme =
  /** With CONNECT, for a tunnel. */
  | "connect"
  /** With a plain HTTP request. */
  | "http";

/** Which port a rule without one is for. */
export const DEFAULT_PORTS: Readonly<Record<EgressScheme, number>> = Object
  .freeze({ connect: 443, http: 80 });

/** A rule that has been read. */
export interface CheckedRule {
  /** The rule as messages name it: `*.example.org:443`. */
  readonly text: string;
  /** A canonical host, or `*.` and one. */
  readonly host: string;
  /** The port, if it says one. */
  readonly port: number | undefined;
  /** The methods, in upper case; undefined for all of them. */
  readonly methods: readonly string[] | undefined;
  /** Whether a tunnel may carry something else than TLS. */
  readonly tcp: boolean;
}

/** What a rule may match. */
export interface EgressTarget {
  /** A canonical host. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  /** How it is asked for. */
  readonly scheme: EgressScheme;
}

/** Whether a rule is for a host, on the port that it says or means. */
export function matches(rule: CheckedRule, target: EgressTarget): boolean {
  return coversHost(rule.host, target.host) &&
    (rule.port ?? DEFAULT_PORTS[target.scheme]) === target.port;
}

/** Whether a rule that denies is for a host; one without a port is for all. */
export function denies(
  rule: CheckedRule,
  target: { readonly host: string; readonly port: number },
): boolean {
  return coversHost(rule.host, target.host) &&
    (rule.port === undefined || rule.port === target.port);
}

/** Whether a rule allows anything by a scheme. */
export function isForScheme(
  { methods }: CheckedRule,
  scheme: EgressScheme,
): boolean {
  return methods === undefined ||
    methods.some((each) => (each === "CONNECT") === (scheme === "connect"));
}

/** Whether a rule allows a method; CONNECT is that of tunnels. */
export function allowsMethod(
  { methods }: CheckedRule,
  method: string,
): boolean {
  return methods === undefined || methods.includes(method);
}

/** A checked rule as a rule again: text, if that says all of it. */
export function ruleOf(rule: CheckedRule): string | EgressRule {
  const { text, host, port, methods, tcp } = rule;
  if (methods === undefined && !tcp) return text;
  return Object.freeze({
    host,
    ...(port === undefined ? {} : { port }),
    ...(methods === undefined ? {} : { methods }),
    ...(tcp ? { tcp } : {}),
  });
}
