// What the outside world is made of: documentation addresses and names, in
// network namespaces that lead nowhere else.

/** Addresses of the world. */
export const AT = {
  /** Where the program with the proxy runs. */
  host: "192.0.2.1",
  /** Where each attack is first shown to work. */
  control: "192.0.2.3",
  /** The server that sandboxes are allowed to reach. */
  allowed: "192.0.2.10",
  /** Another public server. */
  other: "192.0.2.20",
  resolver: "192.0.2.53",
  /** A public server in another network. */
  far: "198.51.100.10",
  metadata: "169.254.169.254",
  host6: "2001:db8::1",
  control6: "2001:db8::3",
  allowed6: "2001:db8::10",
  other6: "2001:db8::20",
} as const;

/** Names of those addresses. */
export const NAMES = {
  host: "host.example.com",
  allowed: "allowed.example.com",
  other: "other.example.com",
  resolver: "resolver.example.com",
  far: "far.example.com",
  metadata: "metadata.example.com",
} as const;

/** Ports of the world's servers; those of the web are 80 and 443. */
export const PORTS = {
  /** Of a listener on all of the host's addresses, TCP and UDP. */
  host: 8000,
  /** Of a web server that believes Content-Length first, not Transfer-Encoding. */
  lengthFirst: 8081,
  /** Of a web server that no rule allows. */
  unlisted: 8080,
  /** Of what sends back what it gets, TCP and UDP. */
  echo: 7,
  dns: 53,
  /** Where the proxy is for those inside, and for the control. */
  proxy: 3128,
} as const;

/** The public addresses: documentation ranges are none by themselves. */
export const PUBLIC = [
  `${AT.allowed}/32`,
  `${AT.other}/32`,
  `${AT.far}/32`,
  `${AT.allowed6}/128`,
  `${AT.other6}/128`,
];

/** What the host has of addresses that are not public, beside its own. */
export const HOST_INTERNAL = [
  "10.1.2.3/32",
  "172.16.5.5/32",
  "192.168.7.7/32",
  "100.64.0.1/32",
];

/** The same of IPv6. */
export const HOST_INTERNAL6 = [
  "fd00:5::1/128",
  // What NAT64 and 6to4 make of 192.0.2.1.
  "64:ff9b::c000:201/128",
  "2002:c000:201::1/128",
];

/** The suffix of names that an attacker may point to where he likes. */
export const INSIDE_SUFFIX = ".inside.example.org";
/** The suffix of names whose every second look-up says 127.0.0.1. */
export const FLIP_SUFFIX = ".flip.example.org";
/** The suffix of names that are all the allowed server. */
export const WILD_SUFFIX = ".wild.example.org";

/** Names below that suffix, by their first label. */
export const INSIDE: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.1"],
  "loopback-elsewhere": ["127.8.8.8"],
  unspecified: ["0.0.0.0"],
  host: [AT.host],
  private10: ["10.1.2.3"],
  private172: ["172.16.5.5"],
  private192: ["192.168.7.7"],
  shared: ["100.64.0.1"],
  metadata: [AT.metadata],
  "one-of-two": [AT.allowed, "127.0.0.1"],
};

/** The same of IPv6. */
export const INSIDE6: typeof INSIDE = {
  loopback6: ["::1"],
  mapped: ["::ffff:127.0.0.1"],
  host6: [AT.host6],
  "unique-local": ["fd00:5::1"],
  nat64: ["64:ff9b::c000:201"],
  "six-to-four": ["2002:c000:201::1"],
};

/** What the world's resolver knows; names of other kinds are made up as asked. */
export const ZONE: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    Object.entries(NAMES).map(([key, name]) => [
      name,
      [AT[key as keyof typeof NAMES]],
    ]),
  ),
  // Some resolvers answer to what merely looks like an address.
  "192.0.2.1": [AT.host],
  "192.0.2.10": [AT.allowed],
  "allowed.example.com.evil.example.net": [AT.other],
  "notallowed.example.com": [AT.other],
  "wild.example.org": [AT.other],
  "notwild.example.org": [AT.other],
};

/** How large the big download is, in bytes. */
export const BIG_BYTES = 200 * 1024 * 1024;
