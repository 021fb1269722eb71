import { isAddress, isHostName } from "./host_name.ts";
import type { CheckedNetwork } from "./network_check.ts";
import { refusal } from "./refusal.ts";
import { shown } from "./shown.ts";
import { entriesOf, frozenRecord, listOf, wrong } from "./spec_values.ts";

const HOSTS_MAX = 256;
const DNS_MAX = 8;

/** Reads further host names with their addresses. */
export function readExtraHosts(
  value: unknown,
  what = "extraHosts",
): Readonly<Record<string, string>> {
  const hosts = new Map<string, string>();
  for (const [name, address] of entriesOf(value, what, HOSTS_MAX)) {
    if (!isHostName(name)) {
      throw refusal(`${what} has the key ${shown(name)}, no host's name`);
    }
    hosts.set(name.toLowerCase(), addressOf(address, `${what}.${name}`));
  }
  return frozenRecord(hosts);
}

/** Reads the addresses of name servers. */
export function readDns(value: unknown, what = "dns"): readonly string[] {
  return Object.freeze(
    listOf(value, what, DNS_MAX).map((address, i) =>
      addressOf(address, `${what}[${i}]`)
    ),
  );
}

function addressOf(value: unknown, what: string): string {
  if (typeof value === "string" && isAddress(value)) return value;
  wrong(what, value, "it must be an IPv4 or IPv6 address");
}

/** What names hosts, and needs a network to be of use. */
export interface HostNames {
  /** Further host names. */
  readonly extraHosts: Readonly<Record<string, string>>;
  /** Name servers. */
  readonly dns: readonly string[];
}

/**
 * Refuses host names and name servers without a network, or beside an egress
 * policy, whose proxy is what looks names up.
 *
 * @param names What names hosts.
 * @param network What the sandbox is to reach.
 * @throws {BackendError} `spec_refused`
 */
export function checkHostNames(
  names: HostNames,
  network: CheckedNetwork,
): void {
  if (network !== "none" && "unrestricted" in network) return;
  const given = [
    ...(Object.keys(names.extraHosts).length > 0 ? ["extraHosts"] : []),
    ...(names.dns.length > 0 ? ["dns"] : []),
  ];
  if (given.length === 0) return;
  throw refusal(
    `${given.join(" and ")} with ` +
      (network === "none"
        ? 'network: "none" is a contradiction: nothing can be reached'
        : "network.egress is a contradiction: its proxy looks names up") +
      `. Leave out ${given.join(" and ")}`,
  );
}
