import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  decide,
  type EgressRequest,
  findDeny,
} from "../../../backends/egress/egress_decision.ts";
import type { CheckedEgress } from "../../../backends/egress/egress_policy_check.ts";
import { policies, policy, REQUESTS } from "./_policies.ts";

/** `CONNECT host:port`, or `GET http://host:port`. */
function request(text: string): EgressRequest {
  const [, method = "", plain, host = "", port] =
    /^(\S+) (http:\/\/)?(\S+):(\d+)$/.exec(text) ?? [];
  const scheme = plain === undefined ? "connect" : "http";
  return { host, port: Number(port), scheme, method };
}

const POLICY = policy([
  "example.org",
  "*.example.org:8443",
  { host: "read.example", methods: ["GET", "HEAD"] },
  { host: "tunnel.example", methods: ["CONNECT"], port: 8080 },
  { host: "db.example", port: 5432, tcp: true },
  "internal.example.org",
  "[2001:db8::1]:443",
], { deny: ["internal.example.org", "*.secret.example.org:8443"] });

const ALLOWED: [string, string][] = [
  ["CONNECT example.org:443", "example.org"],
  ["GET http://example.org:80", "example.org"],
  ["DELETE http://example.org:80", "example.org"],
  ["CONNECT EXAMPLE.org.:443", "example.org"],
  ["CONNECT a.example.org:8443", "*.example.org:8443"],
  ["GET http://a.b.example.org:8443", "*.example.org:8443"],
  ["HEAD http://read.example:80", "read.example"],
  ["CONNECT tunnel.example:8080", "tunnel.example:8080"],
  ["CONNECT db.example:5432", "db.example:5432"],
  ["CONNECT [2001:DB8:0::1]:443", "[2001:db8::1]:443"],
  ["CONNECT 2001:db8::1:443", "[2001:db8::1]:443"],
];

Deno.test("decide allows what a rule allows", () => {
  for (const [text, rule] of ALLOWED) {
    const verdict = decide(POLICY, request(text));
    assert(verdict.allowed, text);
    assertEquals(verdict.rule.text, rule);
  }
});

const REFUSED: [string, string, string | undefined, string][] = [
  ["CONNECT evil.example:443", "not_allowed", undefined, "No rule is for this"],
  [
    "CONNECT example.org:8080",
    "not_allowed",
    undefined,
    "No rule allows CONNECT to example.org:8080. Allowed for this host: " +
    "CONNECT to port 443, plain HTTP to port 80.",
  ],
  ["CONNECT example.org:80", "not_allowed", undefined, "CONNECT to port 443"],
  [
    "GET http://example.org:443",
    "not_allowed",
    undefined,
    "No rule allows plain HTTP to example.org:443",
  ],
  [
    "CONNECT read.example:443",
    "method",
    "read.example",
    'does not allow the method "CONNECT"; allowed are GET, HEAD.',
  ],
  [
    "CONNECT read.example:8080",
    "not_allowed",
    undefined,
    "Allowed for this host: plain HTTP to port 80.",
  ],
  [
    "POST http://read.example:80",
    "method",
    "read.example",
    "allowed are GET, HEAD",
  ],
  ["get http://read.example:80", "method", "read.example", '"get"'],
  [
    "GET http://tunnel.example:8080",
    "method",
    "tunnel.example:8080",
    "CONNECT",
  ],
  ["CONNECT http://example.org:80", "method", "example.org", '"CONNECT"'],
  [
    "CONNECT internal.example.org:443",
    "denied",
    "internal.example.org",
    'is denied by the rule "internal.example.org"',
  ],
  ["GET http://Internal.Example.org.:80", "denied", "internal.example.org", ""],
  [
    "CONNECT internal.example.org:9",
    "denied",
    "internal.example.org",
    "CONNECT to internal.example.org:9",
  ],
  [
    "CONNECT a.secret.example.org:8443",
    "denied",
    "*.secret.example.org:8443",
    "denied",
  ],
  [
    "CONNECT a.secret.example.org:443",
    "not_allowed",
    undefined,
    "No rule is for this host",
  ],
  ["CONNECT [2001:db8::1]:80", "not_allowed", undefined, "to [2001:db8::1]:80"],
  ["CONNECT [::ffff:10.0.0.1]:443", "not_allowed", undefined, "no host that"],
  ["CONNECT 2130706433:443", "not_allowed", undefined, "no host that"],
  ["CONNECT *.example.org:8443", "not_allowed", undefined, "no host that"],
  ["CONNECT example.org\u001b[2J:443", "not_allowed", undefined, "\\u001b[2J"],
  ["CONNECT exаmple.org:443", "not_allowed", undefined, "no host that"],
];

Deno.test("decide refuses everything else, and says to an agent why", () => {
  for (const [text, reason, rule, words] of REFUSED) {
    const verdict = decide(POLICY, request(text));
    assert(!verdict.allowed, text);
    assertEquals(verdict.reason, reason, text);
    assertEquals(verdict.rule?.text, rule, text);
    assertStringIncludes(verdict.detail, words);
  }
});

Deno.test("decide says that a wildcard is not for the name itself", () => {
  const verdict = decide(
    policy(["*.example.org"]),
    request("CONNECT example.org:443"),
  );
  assert(!verdict.allowed);
  assertStringIncludes(verdict.detail, "for the names below it alone");
});

Deno.test("decide is content with any of several rules, and prefers one with tcp", () => {
  const several = policy([
    { host: "example.org", port: 443, methods: ["GET"] },
    "*.example.org:443",
    "example.org:443",
    { host: "example.org", port: 443, tcp: true },
    { host: "*.example.org", port: 443, methods: ["CONNECT"], tcp: true },
  ]);
  for (const host of ["example.org", "a.example.org"]) {
    const verdict = decide(several, request(`CONNECT ${host}:443`));
    assert(verdict.allowed && verdict.rule.tcp, host);
  }
  const get = decide(several, request("GET http://a.example.org:443"));
  assertEquals(get.allowed && get.rule.text, "*.example.org:443");
});

Deno.test("decide does not offer what is denied", () => {
  const some = policy(["example.org"], { deny: ["example.org:443"] });
  const verdict = decide(some, request("CONNECT example.org:8080"));
  assert(!verdict.allowed);
  assertStringIncludes(verdict.detail, "Allowed for this host: plain HTTP to");
  assert(!verdict.detail.includes("443"), verdict.detail);
});

/** What a policy allows, said another way: without any code of the sources. */
function oracle(
  { allow, deny }: CheckedEgress,
  { host, port, scheme, method }: EgressRequest,
): boolean {
  const isFor = (pattern: string) =>
    pattern.startsWith("*.")
      ? host.split(".").some((_, i, labels) =>
        i > 0 && labels.slice(i).join(".") === pattern.slice(2)
      )
      : host === pattern;
  const isDenied = deny.some((rule) =>
    isFor(rule.host) && [undefined, port].includes(rule.port)
  );
  return !isDenied && allow.some((rule) =>
    isFor(rule.host) &&
    port === (rule.port ?? { connect: 443, http: 80 }[scheme]) &&
    (rule.methods ?? [method]).includes(method)
  );
}

Deno.test("decide agrees with an oracle on any policy", () => {
  fc.assert(fc.property(policies, (each) => {
    for (const asked of REQUESTS) {
      const verdict = decide(each, asked);
      assertEquals(verdict.allowed, oracle(each, asked), JSON.stringify(asked));
      if (verdict.allowed) {
        assert(oracle({ ...each, allow: [verdict.rule] }, asked));
        const tcp = each.allow.filter(({ tcp }) => tcp);
        assertEquals(verdict.rule.tcp, oracle({ ...each, allow: tcp }, asked));
      }
    }
  }));
});

Deno.test("decide takes any text for a host, and throws nothing", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (host) => {
    for (const scheme of ["connect", "http"] as const) {
      const verdict = decide(POLICY, { host, port: 443, scheme, method: host });
      assertEquals(verdict.allowed, false);
    }
  }));
});

Deno.test("lesson 38: findDeny finds the rule for an address, in whatever wrapping", () => {
  const { deny } = policy([], { deny: ["10.0.0.1", "[2001:db8::1]:80"] });
  const cases: [string, number, string | undefined][] = [
    ["10.0.0.1", 443, "10.0.0.1"],
    ["::ffff:10.0.0.1", 443, "10.0.0.1"],
    ["::ffff:a00:1", 1, "10.0.0.1"],
    ["2001:DB8:0::1", 80, "[2001:db8::1]:80"],
    ["2001:db8::1", 443, undefined],
    ["10.0.0.2", 443, undefined],
    ["no host", 443, undefined],
  ];
  for (const [host, port, text] of cases) {
    assertEquals(findDeny({ deny }, { host, port })?.text, text, host);
  }
});
