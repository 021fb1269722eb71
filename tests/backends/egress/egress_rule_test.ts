import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  canonicalHost,
  coversHost,
} from "../../../backends/egress/egress_host.ts";
import {
  type CheckedRule,
  denies,
  type EgressScheme,
  matches,
  ruleOf,
} from "../../../backends/egress/egress_rule.ts";
import { readDenyRule, readRule } from "../../../backends/egress/read_rule.ts";
import { BackendError } from "../../../backends/mod.ts";
import { refuses } from "../_refuses.ts";

const READ: [unknown, Partial<CheckedRule>][] = [
  ["example.org", { text: "example.org", host: "example.org" }],
  ["Example.ORG:443", { text: "example.org:443", port: 443 }],
  ["example.org.", { text: "example.org", host: "example.org" }],
  ["example.org.:80", { text: "example.org:80", port: 80 }],
  ["db", { text: "db", host: "db" }],
  ["localhost:5432", { text: "localhost:5432" }],
  ["a_b.example.org", { host: "a_b.example.org" }],
  ["xn--bcher-kva.example", { host: "xn--bcher-kva.example" }],
  ["*.Example.org", { text: "*.example.org", host: "*.example.org" }],
  ["*.example.org.:8443", { text: "*.example.org:8443", port: 8443 }],
  ["*.a.b.example.org", { host: "*.a.b.example.org" }],
  ["10.0.0.1", { host: "10.0.0.1", text: "10.0.0.1" }],
  ["10.0.0.1:65535", { host: "10.0.0.1", port: 65_535 }],
  ["[::1]", { host: "::1", text: "[::1]" }],
  ["[2001:DB8:0:0::1]:1", { host: "2001:db8::1", text: "[2001:db8::1]:1" }],
  ["[::1.2.3.4]", { host: "::102:304" }],
  [{ host: "example.org" }, { text: "example.org" }],
  [{ host: "Example.org.", port: 8080 }, { text: "example.org:8080" }],
  [{ host: "2001:db8::0:1" }, { host: "2001:db8::1", text: "[2001:db8::1]" }],
  [{ host: "[2001:db8::1]", port: 5 }, { text: "[2001:db8::1]:5" }],
  [{ host: "*.example.org", port: 1 }, { host: "*.example.org", port: 1 }],
  [
    { host: "a.b", methods: ["get", "HEAD", "Get"] },
    { methods: ["GET", "HEAD"] },
  ],
  [{ host: "a.b", methods: ["connect"], tcp: true }, {
    methods: ["CONNECT"],
    tcp: true,
  }],
  [{ host: "a.b", tcp: false, methods: undefined, port: undefined }, {
    text: "a.b",
    port: undefined,
    tcp: false,
  }],
];

Deno.test("readRule reads hosts with ports, wildcards, addresses and rules, in one form", () => {
  for (const [value, expected] of READ) {
    const rule = readRule(value, "allow[0]");
    const found = Object.fromEntries(
      Object.keys(expected).map((key) => [key, rule[key as keyof CheckedRule]]),
    );
    assertEquals(found, expected, JSON.stringify(value));
    assertEquals(Object.isFrozen(rule), true);
    assertEquals(readRule(ruleOf(rule), "again"), rule);
  }
});

const REFUSED: [unknown, string][] = [
  ["", "it must name a host"],
  [" ", "no blanks"],
  ["example.org ", "no blanks"],
  ["example.org\n", "no blanks"],
  ["a\u00a0b", "no blanks"],
  ["a\0", "NUL"],
  ["https://example.org", "no scheme"],
  ["http://example.org/a", "no scheme"],
  ["example.org/", "Leave the path out"],
  ["example.org/a", "Leave the path out"],
  ["example.org:443/a", "Leave the path out"],
  ["10.0.0.0/8", "range of addresses"],
  ["0.0.0.0/0", "range of addresses"],
  ["2001:db8::/32", "range of addresses"],
  ["me@example.org", "no user"],
  ["bücher.example", "xn--"],
  ["exаmple.org", "xn--"],
  ["example。org", "xn--"],
  ["*", "every host there is"],
  ["*:443", "every host there is"],
  ["*.com", "top-level domain"],
  ["*.com", "*.example.com"],
  ["*.com:443", "top-level domain"],
  ["*.com.", "top-level domain"],
  ["*.localhost", "top-level domain"],
  ["*.", "it must be a host's name"],
  ["*..", "it must be a host's name"],
  ["*.*", "the beginning"],
  ["*.*.example.org", "the beginning"],
  ["a.*.b", "the beginning"],
  ["a.*", "the beginning"],
  ["*example.org", "the beginning"],
  ["**.example.org", "the beginning"],
  ["*.10.0.0.1", "nothing below an address"],
  ["*.[::1]", "a host and maybe a port"],
  [{ host: "*.[::1]" }, "nothing below an address"],
  ["*.0.0.1", "four decimal numbers"],
  ["*.1", "four decimal numbers"],
  [".example.org", "it must be a host's name"],
  ["example..org", "it must be a host's name"],
  ["example.org..", "it must be a host's name"],
  [".", "it must be a host's name"],
  ["-a.example.org", "it must be a host's name"],
  ["a".repeat(64), "it must be a host's name"],
  ["a.".repeat(150), "it must be a host's name"],
  ["a".repeat(400), "must not be longer"],
  ["2130706433", "four decimal numbers"],
  ["0x7f000001", "four decimal numbers"],
  ["127.1", "four decimal numbers"],
  ["127.1:80", "four decimal numbers"],
  ["0177.0.0.1", "four decimal numbers"],
  ["127.0.0.1.", "four decimal numbers"],
  ["127.0.0.256", "four decimal numbers"],
  ["::1", "in brackets: [::1]"],
  ["2001:db8::1", "in brackets"],
  ["::1:80", "in brackets"],
  ["a:b:c", "a host and maybe a port"],
  ["[::1", "a host and maybe a port"],
  ["[]", "it must be a host's name"],
  ["[a]:1", "it must be a host's name"],
  ["[10.0.0.1]:1", "a host's name"],
  ["[fe80::1%eth0]:1", "no zone"],
  ["%65xample.org", "no zone and no escapes"],
  ["[::ffff:10.0.0.1]:80", "within another: 10.0.0.1"],
  ["[::ffff:a00:1]", "within another: 10.0.0.1"],
  ["example.org:", "a port must be"],
  ["example.org:0", "a port must be"],
  ["example.org:00443", "a port must be"],
  ["example.org:65536", "a port must be"],
  ["example.org:https", "a port must be"],
  ["example.org:-1", "a port must be"],
  ["example.org:4e2", "a port must be"],
  ["example.org:*", "a port must be"],
  ["lone\ud800", "lone surrogate"],
  [1, "it must be text"],
  [null, "it must be text"],
  [undefined, "it must be text"],
  [true, "it must be text"],
  [["example.org"], "plain object"],
  [{}, "rule.host is undefined"],
  [{ host: 1 }, "rule.host is 1"],
  [{ host: "a.b:443" }, "the port has a key of its own"],
  [{ host: "[::1]:443" }, "the port has a key of its own"],
  [{ host: "" }, "rule.host is"],
  [{ host: "*" }, "every host there is"],
  [{ host: "*.org" }, "top-level domain"],
  [{ host: "::ffff:10.0.0.1" }, "within another"],
  [{ host: "a.b", port: 0 }, "rule.port is 0"],
  [{ host: "a.b", port: 65_536 }, "rule.port is 65536"],
  [{ host: "a.b", port: 1.5 }, "rule.port is 1.5"],
  [{ host: "a.b", port: "443" }, 'rule.port is "443"'],
  [{ host: "a.b", port: null }, "rule.port is null"],
  [{ host: "a.b", ports: [1] }, "did you mean port?"],
  [{ host: "a.b", method: ["GET"] }, "did you mean methods?"],
  [{ hots: "a.b" }, "did you mean host?"],
  [{ host: "a.b", methods: [] }, "rule.methods is empty"],
  [{ host: "a.b", methods: "GET" }, "rule.methods is"],
  [{ host: "a.b", methods: ["*"] }, "no method's name"],
  [{ host: "a.b", methods: ["GET "] }, "no method's name"],
  [{ host: "a.b", methods: [""] }, "no method's name"],
  [{ host: "a.b", methods: ["stra\u00dfe"] }, "no method's name"],
  [{ host: "a.b", methods: [1] }, "rule.methods[0] is 1"],
  [{ host: "a.b", methods: Array(33).fill("GET") }, "33 entries"],
  [{ host: "a.b", methods: null }, "rule.methods is null"],
  [{ host: "a.b", tcp: "true" }, "rule.tcp is"],
  [{ host: "a.b", tcp: null }, "rule.tcp is null"],
  [{ host: "a.b", tcp: true, methods: ["GET"] }, "no CONNECT"],
  [Object.create({ host: "a.b" }), "plain object"],
];

Deno.test("readRule refuses what is no rule, and says why", () => {
  for (const [value, words] of REFUSED) {
    refuses("spec_refused", () => readRule(value, "rule"), "rule", words);
  }
});

Deno.test("readDenyRule reads text alone, and may be as wide as a top-level domain", () => {
  assertEquals(readDenyRule("*.Internal", "deny[0]").host, "*.internal");
  assertEquals(readDenyRule("*.com:80", "deny[0]").text, "*.com:80");
  assertEquals(readDenyRule("10.0.0.1", "deny[0]").port, undefined);
  for (const value of ["*", "*.1", "a/b", "::1", { host: "a.b" }, null, 1]) {
    refuses("spec_refused", () => readDenyRule(value, "deny[0]"), "deny[0]");
  }
});

Deno.test("readRule throws nothing but refusals, and reads again what it has read", () => {
  const pieces = fc.constantFrom(
    ...[
      "*",
      "*.",
      ".",
      "a",
      "example",
      "org",
      ":",
      "443",
      "[",
      "]",
      "::1",
      "/",
    ],
    ...["10.0.0.1", "://", "@", "%", "ü", "\0", "-", "_", "0x7f", " ", "ffff"],
  );
  const texts = fc.array(pieces, { maxLength: 8 }).map((all) => all.join(""));
  const values = fc.oneof(
    texts,
    fc.string({ unit: "binary" }),
    fc.jsonValue({ maxDepth: 2 }),
    fc.record({
      host: fc.oneof(texts, fc.domain()),
      port: fc.oneof(fc.integer({ max: 70_000 }), fc.anything()),
      methods: fc.oneof(fc.array(fc.string()), fc.anything()),
      tcp: fc.anything(),
    }, { requiredKeys: ["host"] }),
  );
  fc.assert(
    fc.property(values, (value) => {
      for (const read of [readRule, readDenyRule]) {
        try {
          const rule = read(value, "rule");
          assertEquals(read(ruleOf(rule), "rule"), rule);
        } catch (error) {
          if (!(error instanceof BackendError)) throw error;
          assertEquals(error.code, "spec_refused");
        }
      }
    }),
    { numRuns: 2000 },
  );
});

/** A rule, the hosts and the ports that it is for. */
const MATCHES: [string, string[], Record<EgressScheme, number>][] = [
  ["example.org", ["example.org"], { connect: 443, http: 80 }],
  ["example.org:443", ["example.org"], { connect: 443, http: 443 }],
  [
    "*.example.org:8080",
    ["a.example.org", "a.b.c.example.org", "1.2.3.4.example.org"],
    { connect: 8080, http: 8080 },
  ],
  [
    "*.example.org",
    ["a.example.org", "a.b.c.example.org", "1.2.3.4.example.org"],
    { connect: 443, http: 80 },
  ],
  ["10.0.0.1", ["10.0.0.1"], { connect: 443, http: 80 }],
  ["[2001:db8::1]:22", ["2001:db8::1"], { connect: 22, http: 22 }],
];
const HOSTS = [
  ...["example.org", "a.example.org", "a.b.c.example.org", "10.0.0.1"],
  ...["1.2.3.4.example.org", "xexample.org", "example.org.evil", "org", "::1"],
  ...["2001:db8::1", "210.0.0.1", "110.0.0.1", "example.orgx", "example"],
];

for (const [text, hosts, ports] of MATCHES) {
  Deno.test(`matches finds that ${text} is for its hosts and ports alone`, () => {
    const rule = readRule(text, "rule");
    for (const host of HOSTS) {
      for (const scheme of ["connect", "http"] as const) {
        for (const port of [22, 80, 443, 8080]) {
          assertEquals(
            matches(rule, { scheme, host, port }),
            hosts.includes(host) && ports[scheme] === port,
            `${scheme} ${host}:${port}`,
          );
        }
      }
    }
  });
}

Deno.test("denies takes a rule without a port for one of all ports", () => {
  const rule = readDenyRule("*.example.org", "rule");
  for (const port of [1, 80, 443, 65_535]) {
    assertEquals(denies(rule, { host: "a.example.org", port }), true);
    assertEquals(denies(rule, { host: "example.org", port }), false);
  }
  const one = readDenyRule("a.example.org:80", "rule");
  assertEquals(denies(one, { host: "a.example.org", port: 80 }), true);
  assertEquals(denies(one, { host: "a.example.org", port: 443 }), false);
});

Deno.test("coversHost covers of another rule's host no more than that covers", () => {
  const hosts = fc.array(fc.constantFrom("a", "b", "org"), {
    minLength: 2,
    maxLength: 4,
  }).map((labels) => labels.join("."));
  const patterns = fc.oneof(hosts, hosts.map((host) => `*.${host}`));
  fc.assert(fc.property(patterns, patterns, hosts, (wide, narrow, host) => {
    if (coversHost(wide, narrow) && coversHost(narrow, host)) {
      assertEquals(coversHost(wide, host), true);
    }
  }));
});

Deno.test("canonicalHost gives one form of each host, and none of what only looks like one", () => {
  const cases: [string, string | undefined][] = [
    ["Example.ORG.", "example.org"],
    ["10.0.0.1", "10.0.0.1"],
    ["[2001:DB8::0:1]", "2001:db8::1"],
    ["2001:DB8::0:1", "2001:db8::1"],
    ["::ffff:10.0.0.1", undefined],
    ["[::ffff:a00:1]", undefined],
    ["[10.0.0.1]", undefined],
    ["[example.org]", undefined],
    ["10.0.0.1.", undefined],
    ["167772161", undefined],
    ["fe80::1%eth0", undefined],
    ["example.org..", undefined],
    ["*.example.org", undefined],
    ["example.org:80", undefined],
    ["", undefined],
    [".", undefined],
    ["a\0", undefined],
  ];
  for (const [text, host] of cases) {
    assertEquals(canonicalHost(text), host, text);
  }
});
