import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AddressRanges } from "../../../backends/egress/public_address.ts";
import { F, IPV4, IPV6 } from "./_special_addresses.ts";

const ranges = new AddressRanges();

for (const [name, first, last, before, after] of [...IPV4, ...IPV6]) {
  Deno.test(`lesson 38: AddressRanges takes nothing of ${name} (${first}) for public`, () => {
    assertEquals(ranges.isPublic(first), false, first);
    assertEquals(ranges.isPublic(last), false, last);
    for (
      const [address, isPublic] of [before, after].filter((each) =>
        each !== undefined
      )
    ) {
      assertEquals(ranges.isPublic(address), isPublic, address);
    }
  });
}

Deno.test("AddressRanges takes addresses of the internet for public", () => {
  const addresses = [
    ...["1.1.1.1", "8.8.8.8", "93.184.216.34", "192.0.1.1", "223.255.255.255"],
    ...["2000::", "2001:200::1", "2606:4700:4700::1111", "2A00:1450:4001::8a"],
    ...["2606:4700:0:0:0:0:0:1111", "3fff:ffff::1", "2a00::1.2.3.4"],
  ];
  for (const address of addresses) {
    assertEquals(ranges.isPublic(address), true, address);
  }
});

Deno.test("lesson 38: AddressRanges takes no other spelling for an address", () => {
  const spellings = [
    ...[
      "134744072",
      "0x08080808",
      "010.8.8.8",
      "8.8.8",
      "8.8",
      "8",
      "08.8.8.8",
    ],
    ...[
      "0x8.8.8.8",
      "8.8.8.010",
      "8.8.8.8.",
      ".8.8.8.8",
      "8.8.8.8 ",
      "+8.8.8.8",
    ],
    ...[
      "8.8.8.8:80",
      "8.8.8.8/32",
      "8.8.8.256",
      "８.8.8.8",
      "8。8.8.8",
      "8.8.8.8%0",
    ],
    ...["8.8.8.8\n", "8.8.8.8\0", "[2606:4700::1]", "2606:4700::1%eth0"],
    ...[
      "2606:4700::1%",
      "2606:4700::1/128",
      "2606:4700::1::1",
      "2606:4700:::1",
    ],
    ...["2606:4700::00001", "2606:4700", "::ffff:8.8.8.8", "::ffff:808:808"],
    ...[
      "::8.8.8.8",
      "64:ff9b::8.8.8.8",
      "2002:808:808::1",
      "0:0:0:0:0:ffff:8.8.8.8",
    ],
    ...["", " ", "localhost", "example.com", "0", "*", "::ffff:010.8.8.8"],
  ];
  for (const text of spellings) {
    assertEquals(ranges.isPublic(text), false, text);
  }
});

Deno.test("lesson 38: AddressRanges judges IPv4 addresses as their numbers say, whatever surrounds them", () => {
  const internal = (n: number) => {
    const [a, b, c, d] = [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255];
    const text = `${a}.${b}.${c}.${d}`;
    return a === 0 || a === 10 || a === 127 || a >= 224 ||
      (a === 100 && b >= 64 && b < 128) || (a === 169 && b === 254) ||
      (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) ||
      (a === 198 && (b === 18 || b === 19)) || text === "168.63.129.16" ||
      ["192.0.0", "192.0.2", "192.31.196", "192.52.193", "192.88.99"]
        .includes(`${a}.${b}.${c}`) ||
      ["192.175.48", "198.51.100", "203.0.113"].includes(`${a}.${b}.${c}`);
  };
  fc.assert(fc.property(fc.ipV4(), (text) => {
    const number = text.split(".").reduce((sum, n) => sum * 256 + Number(n), 0);
    assertEquals(ranges.isPublic(text), !internal(number), text);
    for (const prefix of ["::", "::ffff:", "64:ff9b::", "::ffff:0:"]) {
      assertEquals(ranges.isPublic(prefix + text), false);
    }
    const all = new AddressRanges(["0.0.0.0/0"]);
    assertEquals(all.isPublic(text), true);
    assertEquals(all.isPublic(`::ffff:${text}`), false);
  }));
});

Deno.test("AddressRanges never throws for an address, whatever it is", () => {
  const pieces = fc.constantFrom(
    ...["::", ":", "ffff", "0", "1.2.3.4", "255", ".", "%eth0", "[", "]", "/"],
  );
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.ipV6(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      assertEquals(typeof ranges.isPublic(text), "boolean");
    }),
    { numRuns: 2000 },
  );
});

Deno.test("AddressRanges treats as public what it is told to, and nothing besides", () => {
  const some = new AddressRanges([
    "10.1.2.0/24",
    "127.0.0.1",
    "fd00:1::/32",
    "::1",
    "192.168.7.8/32",
  ]);
  const cases: [string, boolean][] = [
    ["10.1.2.0", true],
    ["10.1.2.255", true],
    ["10.1.1.255", false],
    ["10.1.3.0", false],
    ["127.0.0.1", true],
    ["127.0.0.2", false],
    ["192.168.7.8", true],
    ["192.168.7.9", false],
    ["fd00:1::", true],
    [`fd00:1:ffff:ffff:${F}`, true],
    ["fd00:2::", false],
    ["::1", true],
    ["::2", false],
    ["1.1.1.1", true],
    // IPv4 ranges say nothing of IPv6 addresses.
    ["::ffff:10.1.2.3", false],
    ["::ffff:127.0.0.1", false],
    ["::10.1.2.3", false],
    ["64:ff9b::10.1.2.3", false],
  ];
  for (const [address, isPublic] of cases) {
    assertEquals(some.isPublic(address), isPublic, address);
  }
  const mapped = new AddressRanges(["::ffff:10.0.0.0/104"]);
  assertEquals(mapped.isPublic("::ffff:10.9.9.9"), true);
  assertEquals(mapped.isPublic("::ffff:a09:909"), true);
  assertEquals(mapped.isPublic("::ffff:11.0.0.0"), false);
  assertEquals(mapped.isPublic("::10.9.9.9"), false);
  assertEquals(mapped.isPublic("10.9.9.9"), false);
});

Deno.test("AddressRanges refuses what is no range, and says which network one with host bits is in", () => {
  const wrong = [
    ...["", "a", "localhost", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08"],
    ...["10.0.0.0/", "10.0.0.0/8/8", "/8", "10/8", "10.1/16", "010.0.0.0/8"],
    ...[
      "0x0a000000/8",
      "167772160",
      "::/129",
      "fe80::%eth0/64",
      "[::1]",
      " ::1",
    ],
    ...["10.0.0.0/255.0.0.0", "10.0.0.0-10.0.0.9", "*", "10.*", "::1/1e1"],
    ...[1, null, undefined, {}, ["10.0.0.0/8"]],
  ];
  for (const value of wrong) {
    const error = assertThrows(
      () => new AddressRanges([value as string]),
      TypeError,
    );
    assertStringIncludes(error.message, "egress.treatAsPublic[0] is ");
    assertStringIncludes(error.message, "must be a range");
  }
  const bits: [string, string][] = [
    ["10.1.2.3/24", "10.1.2.0/24"],
    ["10.0.0.1/0", "0.0.0.0/0"],
    ["fd00::1/64", "fd00::/64"],
    ["2001:db8:1::/32", "2001:db8::/32"],
    ["::ffff:10.0.0.1/104", "::ffff:a00:0/104"],
  ];
  for (const [cidr, network] of bits) {
    assertThrows(() => new AddressRanges(["::1", cidr]), TypeError, network);
  }
  assertThrows(
    () => new AddressRanges(Array(257).fill("::1"), "mine"),
    TypeError,
    "mine has 257 entries",
  );
  new AddressRanges(Array(256).fill("::1"));
  const text = "10.0.0.0/8" as unknown as string[];
  assertThrows(() => new AddressRanges(text), TypeError, "must be an array");
});

Deno.test("AddressRanges copies the ranges", () => {
  const cidrs = ["10.1.2.0/24"];
  const copy = new AddressRanges(cidrs);
  cidrs[0] = "10.0.0.0/8";
  assertEquals(copy.isPublic("10.9.9.9"), false);
});
