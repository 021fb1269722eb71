import { isAddress, isHostName, parseHostAndPort } from "./host_name.ts";
import { nearestName } from "./nearest_name.ts";
import { refusal } from "./refusal.ts";
import { shown } from "./shown.ts";
import {
  entriesOf,
  fieldsOf,
  frozenRecord,
  listOf,
  textOf,
  wrong,
} from "./spec_values.ts";
import { BackendError } from "../backend_error.ts";
import type { NetworkSpec } from "../launch_spec.ts";

/** The only tier that may have a network. */
export const NETWORK_TIER = "render";
/** The variable that is an operator's opt-in to unrestricted networks. */
export const ENV_UNRESTRICTED = "ZU_ALLOW_UNRESTRICTED_EGRESS";

const HOSTS_MAX = 256;
const DNS_MAX = 8;
const RULE =
  'it must be "none", { unrestricted: true } or { egress: { allow: […] } }';

/**
 * Reads what a sandbox is to reach, which may be anything. Only the three forms
 * that there are mean something: a network by mistake would be no mistake that
 * anybody sees.
 *
 * @param value The network.
 * @param what What it is, as messages name it.
 * @throws {BackendError} `network_refused`
 */
export function readNetwork(value: unknown, what = "network"): NetworkSpec {
  if (value === "none") return value;
  try {
    return readGrant(value, what);
  } catch (cause) {
    if (!(cause instanceof BackendError)) throw cause;
    throw new BackendError("network_refused", cause.message);
  }
}

function readGrant(value: unknown, what: string): NetworkSpec {
  if (typeof value !== "object" || value === null) {
    const isClose = typeof value === "string" &&
      nearestName(value, ["none"]).isClose;
    wrong(what, value, isClose ? 'did you mean "none"?' : RULE);
  }
  const fields = fieldsOf(value, what, ["unrestricted", "egress"]);
  const [only, ...others] = fields;
  if (only === undefined || others.length > 0) {
    throw refusal(`${what} is an object with ${fields.size} keys, but ${RULE}`);
  }
  const [key, grant] = only;
  if (key === "egress") return readEgress(grant, `${what}.egress`);
  if (grant !== true) {
    wrong(`${what}.unrestricted`, grant, `if it is there, ${RULE}`);
  }
  return Object.freeze({ unrestricted: true });
}

function readEgress(value: unknown, what: string): NetworkSpec {
  const fields = fieldsOf(value, what, ["allow"]);
  const list = listOf(fields.get("allow"), `${what}.allow`, HOSTS_MAX);
  const allow = list.map((each) => {
    const text = textOf(each, `an entry of ${what}.allow`, 320);
    if (parseHostAndPort(text) !== undefined) return text.toLowerCase();
    wrong(
      `an entry of ${what}.allow`,
      text,
      "it must be a host's name, maybe with a port: example.com:443",
    );
  });
  return Object.freeze({
    egress: Object.freeze({ allow: Object.freeze(allow) }),
  });
}

/**
 * Whether a network reaches nothing that another one does not reach.
 *
 * @param own The one.
 * @param ceiling The other.
 */
export function isNetworkWithin(
  own: NetworkSpec,
  ceiling: NetworkSpec,
): boolean {
  if (own === "none") return true;
  if (ceiling === "none") return false;
  if ("unrestricted" in ceiling) return true;
  if ("unrestricted" in own) return false;
  const { allow } = ceiling.egress;
  return own.egress.allow.every((host) => allow.includes(host));
}

/** Who asks for a network, and what it has been granted. */
export interface NetworkRequest {
  /** The network. */
  readonly network: NetworkSpec;
  /** The tier, if there is one. */
  readonly tier: string | undefined;
  /** Whether the operator has opted in to unrestricted networks. */
  readonly unrestricted: boolean;
}

/**
 * Refuses a network to all but the one tier, and an unrestricted one without the
 * operator's opt-in.
 *
 * @param request The request.
 * @throws {BackendError} `network_refused`
 */
export function checkNetworkGrant(request: NetworkRequest): void {
  const { network, tier, unrestricted } = request;
  if (network === "none") return;
  if (tier !== NETWORK_TIER) {
    const asker = tier === undefined
      ? "the spec names no tier"
      : `the spec's tier is ${shown(tier)}`;
    throw refusal(
      `only the tier ${NETWORK_TIER} may have a network, and ${asker}. Launch ` +
        `with tier: "${NETWORK_TIER}", or with network: "none"`,
      "network_refused",
    );
  }
  if ("unrestricted" in network && !unrestricted) {
    throw refusal(
      "an unrestricted network needs the operator's opt-in, the backend's " +
        `option or ${ENV_UNRESTRICTED}=1, and there is none`,
      "network_refused",
    );
  }
}

/**
 * Whether an operator has opted in to unrestricted networks: by the option, or
 * else by the variable, which has to say so. That it is there means nothing.
 *
 * @param option The backend's option; false is a no, whatever the variable says.
 * @param env The variable's value: `1`, `true`, `yes` or `on`, in any case, is a
 * yes, and anything else is a no.
 * @throws {TypeError} If the option is neither true nor false.
 */
export function mayGoUnrestricted(
  option: boolean | undefined,
  env: string | undefined,
): boolean {
  if (option !== undefined && typeof option !== "boolean") {
    throw new TypeError(
      `The opt-in to unrestricted networks is ${shown(option)}, but it must ` +
        "be true or false",
    );
  }
  return option ?? /^(?:1|true|yes|on)$/i.test((env ?? "").trim());
}

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
export function checkHostNames(names: HostNames, network: NetworkSpec): void {
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
