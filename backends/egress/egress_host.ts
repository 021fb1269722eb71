import { isIP } from "node:net";
import { mappedIPv4, parseAddress } from "./ip_address.ts";
import { isHostName } from "../spec/host_name.ts";
import { wrong } from "../spec/spec_values.ts";

/**
 * A host as rules are compared with it: a name in lower case without the dot of
 * the root, an IPv4 address, or the shortest spelling of an IPv6 address, without
 * brackets.
 *
 * @param text The host, which may be anything.
 * @returns Undefined if it is none, or an IPv4 address in another spelling: as a
 * number, shortened, within an IPv6 address.
 */
export function canonicalHost(text: string): string | undefined {
  const [, bracketed] = /^\[(.*:.*)\]$/.exec(text) ?? [];
  const address = parseAddress(bracketed ?? text);
  if (address !== undefined) {
    return mappedIPv4(address) === undefined ? address.toString() : undefined;
  }
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  return isHostName(name) ? name.toLowerCase() : undefined;
}

/**
 * Whether a rule's host covers another host, or all that another rule's host
 * covers. `*.example.org` covers names at any depth below `example.org`, but not
 * itself. An address is covered by itself alone: no suffix can be one's end.
 *
 * @param pattern The rule's host.
 * @param host A canonical host, or another rule's.
 */
export function coversHost(pattern: string, host: string): boolean {
  return pattern === host ||
    (pattern.startsWith("*.") && host.endsWith(pattern.slice(1)));
}

/** Whether a host of a rule is an IPv6 address. */
export function isIPv6(host: string): boolean {
  return host.includes(":");
}

/**
 * Reads a rule's host: a name, an address, or `*.` and a name.
 *
 * @param text The host.
 * @param what What it is, as messages name it.
 * @param wideness Whether `*.com` may be one: to deny it is fine.
 * @throws {BackendError} `spec_refused`, saying what is wrong with it.
 */
export function readRuleHost(
  text: string,
  what: string,
  wideness: "narrow" | "wide",
): string {
  const problem = textProblem(text) ?? wildcardProblem(text, wideness);
  if (problem !== undefined) wrong(what, text, problem);
  const isWildcard = text.startsWith("*.");
  const host = canonicalHost(isWildcard ? text.slice(2) : text);
  if (host === undefined) wrong(what, text, hostProblem(text));
  return isWildcard ? `*.${host}` : host;
}

/** What is wrong with text that is to be a host, maybe with a port. */
export function textProblem(text: string): string | undefined {
  if (text === "") return "it must name a host";
  if (/\s/.test(text)) return "there must be no blanks in it";
  if (text.includes("://")) {
    return "a rule has no scheme, but a host and maybe a port: example.com:443";
  }
  if (/^[\d.]+\/\d+$/.test(text) || /^[\da-f:]*:[\da-f:]*\/\d+$/i.test(text)) {
    return "a rule cannot name a range of addresses. Name each by itself";
  }
  if (text.includes("/")) {
    return "a rule is for a whole host. Leave the path out";
  }
  if (text.includes("@")) {
    return "a rule has no user. Leave out what is before @";
  }
  // deno-lint-ignore no-control-regex
  if (/[^\x00-\x7f]/.test(text)) {
    return "it must be written as in the DNS, with xn--… for other letters";
  }
  return undefined;
}

function wildcardProblem(
  text: string,
  wideness: "narrow" | "wide",
): string | undefined {
  if (!text.includes("*")) return undefined;
  if (text === "*") {
    return "that would be every host there is. Name hosts, or *.example.org";
  }
  const [, base] = /^\*\.([^*]*)$/.exec(text) ?? [];
  if (base === undefined) {
    return "the one place for a wildcard is the beginning: *.example.org";
  }
  const host = canonicalHost(base);
  if (host !== undefined && isIP(host) !== 0) {
    return "a wildcard is for names: there is nothing below an address";
  }
  if (wideness === "narrow" && host?.includes(".") === false) {
    return "that would be every name below a top-level domain. Name a domain: " +
      `*.example.${host}`;
  }
  return undefined;
}

function hostProblem(text: string): string {
  if (text.includes("%")) return "there must be no zone and no escapes in it";
  const address = parseAddress(text.replace(/^\[(.*)\]$/, "$1"));
  const mapped = address && mappedIPv4(address);
  if (mapped !== undefined) {
    return `an IPv4 address must not be within another: ${mapped}`;
  }
  const last = text.replace(/\.$/, "").split(".").at(-1) ?? "";
  return /^(?:\d+|0x[\da-f]*)$/i.test(last)
    ? "an IPv4 address must be four decimal numbers without further zeros"
    : "it must be a host's name, an address, or *. and a name: *.example.org";
}
