import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** An address that has been read. */
export type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Reads an address. Of IPv4 only four decimal numbers are one, though
 * `inet_aton` takes others; and none has a zone.
 *
 * @param text The text.
 * @returns Undefined if it is none.
 */
export function parseAddress(text: string): IpAddress | undefined {
  const version = isIP(text);
  if (version === 0 || text.includes("%")) return undefined;
  if (version === 4) return ipaddr.IPv4.parse(text);
  // The package takes ::1.2.3.4 for ::ffff:1.2.3.4, which it is not.
  const { hostname } = new URL(`http://[${text}]/`);
  return ipaddr.IPv6.parse(hostname.slice(1, -1));
}

/**
 * The IPv4 address that an IPv6 address only wraps: `::ffff:1.2.3.4` is dialled
 * as `1.2.3.4`.
 */
export function mappedIPv4(address: IpAddress): string | undefined {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()
    ? address.toIPv4Address().toString()
    : undefined;
}
