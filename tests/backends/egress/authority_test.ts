import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  bracketed,
  parseAuthority,
} from "../../../backends/egress/authority.ts";
import { RefusedTarget } from "../../../backends/egress/refused_target.ts";
import { texts } from "./_http.ts";

function refused(text: string, reason: RefusedTarget["reason"]): RefusedTarget {
  const error = assertThrows(() => parseAuthority(text, 80), RefusedTarget);
  assertEquals(error.reason, reason, text);
  assert(/^[ -~]{1,400}$/.test(error.message), error.message);
  return error;
}

Deno.test("parseAuthority brings each host into its one spelling", () => {
  const cases: [string, string, number][] = [
    ["example.com:443", "example.com", 443],
    ["EXAMPLE.com.:1", "example.com", 1],
    ["a_b-c.Example:65535", "a_b-c.example", 65_535],
    ["localhost", "localhost", 80],
    ["xn--bcher-kva.example", "xn--bcher-kva.example", 80],
    ["0xg.com:80", "0xg.com", 80],
    ["1.2.3.4:80", "1.2.3.4", 80],
    ["127.0.0.1", "127.0.0.1", 80],
    ["255.255.255.255:80", "255.255.255.255", 80],
    ["1.2.3.4.example:80", "1.2.3.4.example", 80],
    ["[::1]:80", "::1", 80],
    ["[::]", "::", 80],
    ["[0:0:0:0:0:0:0:1]:80", "::1", 80],
    ["[2001:DB8:0:0:1:0:0:1]:8080", "2001:db8::1:0:0:1", 8080],
    ["[2001:0db8::0001]", "2001:db8::1", 80],
    ["[::ffff:1.2.3.4]:80", "::ffff:102:304", 80],
    ["[::FFFF:0102:0304]:80", "::ffff:102:304", 80],
    ["[::1.2.3.4]:80", "::102:304", 80],
    ["[64:ff9b::10.0.0.1]:80", "64:ff9b::a00:1", 80],
    [
      `${"a".repeat(63)}.${"b".repeat(63)}:80`,
      `${"a".repeat(63)}.${"b".repeat(63)}`,
      80,
    ],
  ];
  for (const [text, host, port] of cases) {
    assertEquals(parseAuthority(text, 80), { host, port }, text);
    // What is canonical stays as it is.
    assertEquals(parseAuthority(`${bracketed(host)}:${port}`), { host, port });
  }
});

Deno.test("parseAuthority wants a port if there is no other", () => {
  assertThrows(() => parseAuthority("example.com"), RefusedTarget, "port");
  assertThrows(() => parseAuthority("[::1]"), RefusedTarget, "port");
  assertEquals(parseAuthority("a:1"), { host: "a", port: 1 });
});

Deno.test("parseAuthority refuses addresses in disguise, whatever they stand for", () => {
  const hosts = [
    ...["2130706433", "0x7f000001", "0X7F000001", "017700000001", "0", "1"],
    ...["127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "127.0.0.0x1"],
    ...["0x7f.1", "127.0.0.1.", "8.8.8.8.", "127.1.", "0x7f000001."],
    ...["2130706433.", "127.0.0.01", "01.2.3.4", "1.2.3.04", "1.2.3.004"],
    ...["00.0.0.0", "08.8.8.8", "256.1.1.1", "1.2.3.256", "1.2.65536"],
    ...["4294967296", "99999999999999999", "0x", "0x.1.1.1", "1.0x"],
    ...["0xffffffffff", "134744072", "010.8.8.8", "9".repeat(300)],
  ];
  for (const host of hosts) {
    const error = refused(`${host}:8080`, "internal");
    assertEquals(error.host, host.slice(0, 253));
    assertEquals(error.port, 8080);
    assertEquals(refused(host, "internal").port, 80);
  }
});

Deno.test("parseAuthority refuses what is no host", () => {
  const none = [
    ...["", ":80", ".", ".:80", "..", "a..", "a..b", ".a", "a.:0", "-a", "a-"],
    ...["a b", "a\tb", "a\n", "a\r\n", "a\0", "\0", " a", "a ", "a/b", "a?b"],
    ...["a#b", "a@b", "user@a:80", "user:pw@a:80", "@a", "a\\b", "a,b", "a;b"],
    ...["a%2eb", "%61", "127%2e0.0.1", "%31%32%37.0.0.1", "\xe4.example"],
    ...["\uff11.2.3.4", "\u2460.com", "127\u30020\u30020\u30021", "\u017fa"],
    ...["\u212a", "a\u00ad", "1.2.3.4.5", "1.2.3.4.0x5", "foo.1", "foo.0x1"],
    ...["127..1", "127.0.0.1..", "0x7g.1", "1e3.1", "+1", "-1", "1.-1.1.1"],
    ...["*", "*.a", "a*", "http://a", "::1", "::1:80", "1:2:3:4:5:6:7:8", "[]"],
    ...["[]:80", "[:]", "[a]", "[1.2.3.4]", "[::1", "::1]", "[[::1]]"],
    ...["[::1]]", "[::1]a", "a[::1]", "[::1].", "[::1].:80", "[::1%lo]"],
    ...["[fe80::1%25eth0]:80", "[::1%]", "[::ffff:1.2.3]", "[:::1]"],
    ...["[::ffff:0x7f.0.0.1]", "[::ffff:127.1]", "[::ffff:01.2.3.4]"],
    ...["[::1/64]", "[12345::]", "[1:2:3:4:5:6:7:8:9]", "[::g]", "[v1.a]"],
    ...["[ ::1]", "[::1 ]", "[::\n1]", "a".repeat(64), `${"a.".repeat(127)}b`],
    "a".repeat(100_000),
  ];
  for (const text of none) {
    const error = refused(text, "malformed");
    assertEquals([error.host, error.port], [null, null], text);
  }
});

Deno.test("parseAuthority refuses what is no port", () => {
  const ports = [
    ...["", "0", "00", "080", "65536", "99999", "100000", "-1", "+80", "80 "],
    ...[" 80", "8o", "0x50", "80.", "80:80", "80/", "http", "\u0668", "8e1"],
    ...["80\n", "1_0"],
  ];
  for (const port of ports) {
    refused(`example.com:${port}`, "malformed");
    refused(`1.2.3.4:${port}`, "malformed");
    refused(`[::1]:${port}`, "malformed");
  }
});

Deno.test("parseAuthority spells IPv6 addresses as URLs do", () => {
  const group = fc.oneof(
    fc.constant(0),
    fc.integer({ min: 0, max: 0xffff }),
  );
  const groups = fc.array(group, { minLength: 8, maxLength: 8 });
  fc.assert(fc.property(groups, fc.boolean(), (numbers, dotted) => {
    const hex = numbers.map((each) => each.toString(16).padStart(4, "0"));
    const [g, h] = numbers.slice(6);
    const tail = [g! >> 8, g! & 255, h! >> 8, h! & 255].join(".");
    const text = dotted
      ? `${hex.slice(0, 6).join(":")}:${tail}`
      : hex.join(":");
    const { host } = parseAuthority(`[${text}]:80`);
    assertEquals(`[${host}]`, new URL(`http://[${text}]/`).hostname);
  }));
});

Deno.test("parseAuthority takes no host that URLs take for another one", () => {
  const part = fc.constantFrom(
    ...["0", "1", "127", "0x7f", "017", "a", "xn--a", "example", "256", "0x"],
    ...["A", "-", "_", "%31", ""],
  );
  const hosts = fc.array(part, { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join("."));
  fc.assert(fc.property(hosts, (text) => {
    let host: string;
    try {
      ({ host } = parseAuthority(text, 80));
    } catch (error) {
      if (!(error instanceof RefusedTarget)) throw error;
      return;
    }
    if (!URL.canParse(`http://${text}/`)) return;
    assertEquals(new URL(`http://${text}/`).hostname.replace(/\.$/, ""), host);
  }));
});

Deno.test("parseAuthority throws nothing but RefusedTarget", () => {
  const almost = fc.oneof(
    texts,
    fc.stringMatching(/^[a-f0-9x:.[\]%@-]*$/, { maxLength: 40 }),
  );
  fc.assert(fc.property(almost, (text) => {
    try {
      const { host, port } = parseAuthority(text, 80);
      assertEquals(parseAuthority(`${bracketed(host)}:${port}`), {
        host,
        port,
      });
    } catch (error) {
      if (!(error instanceof RefusedTarget)) throw error;
    }
  }));
});

Deno.test("bracketed puts IPv6 addresses alone in brackets", () => {
  assertEquals(["::1", "1.2.3.4", "a"].map(bracketed), [
    "[::1]",
    "1.2.3.4",
    "a",
  ]);
});
