/**
 * The registries of special-purpose addresses of IANA, and what is special
 * besides: a name, the first and the last address, and the neighbours outside,
 * with whether these are public.
 */
export type Block = [
  name: string,
  first: string,
  last: string,
  before?: [string, boolean] | undefined,
  after?: [string, boolean],
];

/** IPv4. */
export const IPV4: Block[] = [
  ["this network", "0.0.0.0", "0.255.255.255", undefined, ["1.0.0.0", true]],
  ["this host", "0.0.0.0", "0.0.0.0", undefined, ["0.0.0.1", false]],
  ["private 10", "10.0.0.0", "10.255.255.255", ["9.255.255.255", true], [
    "11.0.0.0",
    true,
  ]],
  ["shared", "100.64.0.0", "100.127.255.255", ["100.63.255.255", true], [
    "100.128.0.0",
    true,
  ]],
  ["loopback", "127.0.0.0", "127.255.255.255", ["126.255.255.255", true], [
    "128.0.0.0",
    true,
  ]],
  ["link-local", "169.254.0.0", "169.254.255.255", ["169.253.255.255", true], [
    "169.255.0.0",
    true,
  ]],
  ["metadata", "169.254.169.254", "169.254.169.254"],
  ["metadata of tasks", "169.254.170.2", "169.254.170.2"],
  ["metadata within shared", "100.100.100.200", "100.100.100.200"],
  ["metadata within assignments", "192.0.0.192", "192.0.0.192"],
  [
    "a cloud's own host",
    "168.63.129.16",
    "168.63.129.16",
    ["168.63.129.15", true],
    ["168.63.129.17", true],
  ],
  ["private 172", "172.16.0.0", "172.31.255.255", ["172.15.255.255", true], [
    "172.32.0.0",
    true,
  ]],
  ["assignments", "192.0.0.0", "192.0.0.255", ["191.255.255.255", true], [
    "192.0.1.0",
    true,
  ]],
  ["DS-Lite", "192.0.0.0", "192.0.0.7"],
  ["dummy", "192.0.0.8", "192.0.0.8"],
  ["PCP anycast", "192.0.0.9", "192.0.0.9"],
  ["TURN anycast", "192.0.0.10", "192.0.0.10"],
  ["NAT64 discovery", "192.0.0.170", "192.0.0.171"],
  ["TEST-NET-1", "192.0.2.0", "192.0.2.255", ["192.0.1.255", true], [
    "192.0.3.0",
    true,
  ]],
  ["AS112", "192.31.196.0", "192.31.196.255", ["192.31.195.255", true], [
    "192.31.197.0",
    true,
  ]],
  ["AMT", "192.52.193.0", "192.52.193.255", ["192.52.192.255", true], [
    "192.52.194.0",
    true,
  ]],
  ["6to4 relays", "192.88.99.0", "192.88.99.255", ["192.88.98.255", true], [
    "192.88.100.0",
    true,
  ]],
  ["private 192", "192.168.0.0", "192.168.255.255", ["192.167.255.255", true], [
    "192.169.0.0",
    true,
  ]],
  [
    "AS112, delegated",
    "192.175.48.0",
    "192.175.48.255",
    ["192.175.47.255", true],
    ["192.175.49.0", true],
  ],
  ["benchmarking", "198.18.0.0", "198.19.255.255", ["198.17.255.255", true], [
    "198.20.0.0",
    true,
  ]],
  ["TEST-NET-2", "198.51.100.0", "198.51.100.255", ["198.51.99.255", true], [
    "198.51.101.0",
    true,
  ]],
  ["TEST-NET-3", "203.0.113.0", "203.0.113.255", ["203.0.112.255", true], [
    "203.0.114.0",
    true,
  ]],
  ["multicast", "224.0.0.0", "239.255.255.255", ["223.255.255.255", true], [
    "240.0.0.0",
    false,
  ]],
  ["reserved", "240.0.0.0", "255.255.255.255", ["239.255.255.255", false]],
  ["broadcast", "255.255.255.255", "255.255.255.255", [
    "255.255.255.254",
    false,
  ]],
];

/** The second half of the last address of many a range. */
export const F = "ffff:ffff:ffff:ffff";
/** IPv6. */
export const IPV6: Block[] = [
  ["unspecified", "::", "::", undefined, ["::1", false]],
  ["loopback", "::1", "::1", ["::", false], ["::2", false]],
  ["v4-compatible", "::", "::255.255.255.255", undefined, [
    "::1:0:0",
    false,
  ]],
  ["v4-mapped", "::ffff:0.0.0.0", "::ffff:255.255.255.255", [
    "::fffe:ffff:ffff",
    false,
  ], ["::1:0:0:0", false]],
  ["v4-translated", "::ffff:0:0:0", "::ffff:0:ffff:ffff"],
  ["NAT64", "64:ff9b::", "64:ff9b::255.255.255.255", [
    `64:ff9a:ffff:ffff:${F}`,
    false,
  ], ["64:ff9b::1:0:0", false]],
  ["local NAT64", "64:ff9b:1::", `64:ff9b:1:ffff:${F}`, [
    `64:ff9b:0:ffff:${F}`,
    false,
  ], ["64:ff9b:2::", false]],
  ["discard", "100::", `100::${F}`, [`ff:ffff:ffff:ffff:${F}`, false], [
    "100:0:0:1::",
    false,
  ]],
  ["dummy", "100:0:0:1::", `100:0:0:1:${F}`, undefined, ["100:0:0:2::", false]],
  ["below global", "::2", `1fff:ffff:ffff:ffff:${F}`, undefined, [
    "2000::",
    true,
  ]],
  [
    "assignments",
    "2001::",
    `2001:1ff:ffff:ffff:${F}`,
    [`2000:ffff:ffff:ffff:${F}`, true],
    ["2001:200::", true],
  ],
  ["Teredo", "2001::", `2001:0:ffff:ffff:${F}`],
  ["PCP anycast", "2001:1::1", "2001:1::1"],
  ["TURN anycast", "2001:1::2", "2001:1::2"],
  ["DNS-SD anycast", "2001:1::3", "2001:1::3"],
  ["benchmarking", "2001:2::", `2001:2:0:ffff:${F}`],
  ["AMT", "2001:3::", `2001:3:ffff:ffff:${F}`],
  ["AS112", "2001:4:112::", `2001:4:112:ffff:${F}`],
  ["ORCHID", "2001:10::", `2001:1f:ffff:ffff:${F}`],
  ["ORCHIDv2", "2001:20::", `2001:2f:ffff:ffff:${F}`],
  ["drones", "2001:30::", `2001:3f:ffff:ffff:${F}`],
  [
    "documentation",
    "2001:db8::",
    `2001:db8:ffff:ffff:${F}`,
    [`2001:db7:ffff:ffff:${F}`, true],
    ["2001:db9::", true],
  ],
  [
    "6to4",
    "2002::",
    `2002:ffff:ffff:ffff:${F}`,
    [`2001:ffff:ffff:ffff:${F}`, true],
    ["2003::", true],
  ],
  [
    "AS112, delegated",
    "2620:4f:8000::",
    `2620:4f:8000:ffff:${F}`,
    [`2620:4f:7fff:ffff:${F}`, true],
    ["2620:4f:8001::", true],
  ],
  [
    "documentation 3fff",
    "3fff::",
    `3fff:fff:ffff:ffff:${F}`,
    [`3ffe:ffff:ffff:ffff:${F}`, true],
    ["3fff:1000::", true],
  ],
  ["above global", "4000::", `ffff:ffff:ffff:ffff:${F}`, [
    `3fff:ffff:ffff:ffff:${F}`,
    true,
  ]],
  ["SRv6", "5f00::", `5f00:ffff:ffff:ffff:${F}`],
  ["unique local", "fc00::", `fdff:ffff:ffff:ffff:${F}`],
  ["metadata", "fd00:ec2::254", "fd00:ec2::254"],
  ["link-local", "fe80::", `febf:ffff:ffff:ffff:${F}`],
  ["site-local", "fec0::", `feff:ffff:ffff:ffff:${F}`],
  ["multicast", "ff00::", `ffff:ffff:ffff:ffff:${F}`],
];
