import ipaddr from "ipaddr.js";
import { type IpAddress, parseAddress } from "./ip_address.ts";
import { GLOBAL_IPV6, SPECIAL_IPV4, SPECIAL_IPV6 } from "./special_ranges.ts";
import { shown } from "../spec/shown.ts";

type Range = [IpAddress, number];

const RANGES_MAX = 256;

/**
 * Tells which addresses are public: those of the internet, and what an operator
 * says is to be treated alike. All that is not known to be public is not.
 */
export class AddressRanges {
  readonly #treatedAsPublic: readonly Range[];

  /**
   * Reads ranges that are to be treated as public.
   *
   * @param cidrs Ranges such as `10.1.2.0/24`, or addresses. Those of IPv4 say
   * nothing of IPv6 addresses with an IPv4 address inside.
   * @param what What they are, as messages name it.
   * @throws {TypeError} If one is no range, or has bits set behind its prefix; or
   * if there are more than 256.
   */
  constructor(
    cidrs: readonly string[] = [],
    what = "egress.treatAsPublic",
  ) {
    if (!Array.isArray(cidrs)) {
      throw new TypeError(
        `${what} is ${shown(cidrs)}, but it must be an array`,
      );
    }
    if (cidrs.length > RANGES_MAX) {
      throw new TypeError(
        `${what} has ${cidrs.length} entries, but the most is ${RANGES_MAX}`,
      );
    }
    this.#treatedAsPublic = Array.from(
      cidrs,
      (cidr, i) => readRange(cidr, `${what}[${i}]`),
    );
  }

  /**
   * Whether an address may be dialled.
   *
   * @param address The address. No other spelling of an IPv4 address than four
   * decimal numbers is one, nor is an address with a zone.
   */
  isPublic(address: string): boolean {
    const parsed = parseAddress(address);
    if (parsed === undefined) return false;
    if (this.isTreatedAsPublic(address)) return true;
    return parsed.kind() === "ipv4"
      ? !isWithin(parsed, NOT_PUBLIC_IPV4)
      : isWithin(parsed, GLOBAL) && !isWithin(parsed, NOT_PUBLIC_IPV6);
  }

  /** Whether it is an operator who says that an address may be dialled. */
  isTreatedAsPublic(address: string): boolean {
    const parsed = parseAddress(address);
    return parsed !== undefined && isWithin(parsed, this.#treatedAsPublic);
  }
}

function isWithin(address: IpAddress, ranges: readonly Range[]): boolean {
  return ranges.some(([network, bits]) =>
    network.kind() === address.kind() && address.match(network, bits)
  );
}

function readRange(value: unknown, what: string): Range {
  const parts = typeof value === "string"
    ? /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(value)
    : null;
  const [, text = "", digits] = parts ?? [];
  const address = parseAddress(text);
  const bitsMax = address?.kind() === "ipv4" ? 32 : 128;
  const bits = Number(digits ?? bitsMax);
  if (address === undefined || bits > bitsMax) {
    throw new TypeError(
      `${what} is ${shown(value)}, but it must be a range such as ` +
        "10.1.2.0/24 or 2001:db8::/32, or an address",
    );
  }
  const cidr = `${address}/${bits}`;
  const network = address.kind() === "ipv4"
    ? ipaddr.IPv4.networkAddressFromCIDR(cidr)
    : ipaddr.IPv6.networkAddressFromCIDR(cidr);
  if (network.toString() !== address.toString()) {
    throw new TypeError(
      `${what} is ${shown(value)}, but the network is ${network}/${bits}. ` +
        "Write that, or a longer prefix",
    );
  }
  return [address, bits];
}

const [NOT_PUBLIC_IPV4, NOT_PUBLIC_IPV6, GLOBAL] = [
  SPECIAL_IPV4,
  SPECIAL_IPV6,
  [GLOBAL_IPV6],
].map((cidrs) => cidrs.map((cidr) => readRange(cidr, cidr))) as [
  Range[],
  Range[],
  Range[],
];
