import { assertEquals } from "@std/assert";
import {
  isAddress,
  isHostName,
  parseHostAndPort,
} from "../../../backends/spec/host_name.ts";

const NAMES = [
  ...["a", "localhost", "example.com", "EXAMPLE.com", "a-b.c_d", "1a", "1.a"],
  ...["x1", "0xg", "a".repeat(63), `${"a.".repeat(126)}b`],
];
const NO_NAMES = [
  ...["", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "a\n", "*", "*.a", "a/b"],
  ...[
    "a:1",
    "[::1]",
    "::1",
    "ü.example",
    "a".repeat(64),
    "a.".repeat(126) + "bc",
  ],
  // An IPv4 address in the spellings that resolvers know.
  ...["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1"],
  ...["example.0x", "a.1", "0X7F"],
];

Deno.test("isHostName takes names, and no address in any spelling", () => {
  for (const name of NAMES) assertEquals(isHostName(name), true, name);
  for (const name of NO_NAMES) assertEquals(isHostName(name), false, name);
});

Deno.test("isAddress takes plain addresses alone", () => {
  for (const yes of ["1.2.3.4", "::1", "::ffff:1.2.3.4", "2001:db8::1"]) {
    assertEquals(isAddress(yes), true, yes);
  }
  const no = [
    ...["", "a", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "0x1.2.3.4"],
    ...["fe80::1%eth0", "[::1]", "1.2.3.4/8", "1.2.3.4:53", " 1.2.3.4", "::g"],
    ...["host-gateway", "localhost"],
  ];
  for (const each of no) assertEquals(isAddress(each), false, each);
});

Deno.test("parseHostAndPort reads a host and maybe a port", () => {
  const cases: [string, string, number?][] = [
    ["example.com", "example.com"],
    ["Example.COM:443", "example.com", 443],
    ["localhost:02375", "localhost", 2375],
    ["10.0.0.1:1", "10.0.0.1", 1],
    ["[2001:DB8::1]:65535", "2001:db8::1", 65_535],
    ["[::1]", "::1"],
  ];
  for (const [text, host, port] of cases) {
    assertEquals(parseHostAndPort(text), { host, port }, text);
  }
  const no = [
    ...[
      "",
      ":",
      ":80",
      "a:",
      "a:0",
      "a:65536",
      "a:123456",
      "a:-1",
      "a:x",
      "a:1:2",
    ],
    ...["::1", "::1:80", "[]", "[a]:1", "[::1", "[1.2.3.4]:1", "[fe80::1%a]:1"],
    ...[
      "127.1:80",
      "2375",
      "a b:1",
      "a/b",
      "user@a:1",
      "a:1/",
      "a:1\n",
      "*:80",
    ],
  ];
  for (const text of no) assertEquals(parseHostAndPort(text), undefined, text);
});
