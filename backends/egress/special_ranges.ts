// What of the address space is no place on the public internet: the registries
// of special-purpose addresses of IANA (iana-ipv4-special-registry and
// iana-ipv6-special-registry), whole blocks where they list parts, with what is
// special without being listed there.

/** IPv4 ranges that are not public. */
export const SPECIAL_IPV4: readonly string[] = [
  "0.0.0.0/8", // this network, unspecified
  "10.0.0.0/8", // private
  "100.64.0.0/10", // shared by a provider's customers
  "127.0.0.0/8", // loopback
  "168.63.129.16/32", // a cloud's own host, under a public address
  "169.254.0.0/16", // link-local, metadata
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.31.196.0/24", // AS112
  "192.52.193.0/24", // AMT
  "192.88.99.0/24", // 6to4 relays
  "192.168.0.0/16", // private
  "192.175.48.0/24", // AS112
  "198.18.0.0/15", // benchmarking
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, broadcast
];

/** All that is global unicast; every other IPv6 address is not public. */
export const GLOBAL_IPV6 = "2000::/3";

/** Ranges within {@linkcode GLOBAL_IPV6} that are not public. */
export const SPECIAL_IPV6: readonly string[] = [
  "2001::/23", // protocol assignments: Teredo, benchmarking, AMT, ORCHID…
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4, which has an IPv4 address inside
  "2620:4f:8000::/48", // AS112
  "3fff::/20", // documentation
];
