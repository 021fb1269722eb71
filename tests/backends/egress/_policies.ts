import fc from "fast-check";
import { readEgress } from "../../../backends/egress/egress_policy_check.ts";
import type { CheckedEgress } from "../../../backends/egress/egress_policy_check.ts";
import type { EgressRequest } from "../../../backends/egress/egress_decision.ts";
import type { EgressPolicy, EgressRule } from "../../../backends/mod.ts";

/** Reads a policy that allows some rules, with its other keys. */
export function policy(
  allow: EgressPolicy["allow"],
  rest: Partial<EgressPolicy> = {},
): CheckedEgress {
  return readEgress({ allow, ...rest }, "policy");
}

/** Few names, so that rules and requests have something in common. */
const NAMES = [
  ...["a.example", "b.a.example", "c.b.a.example", "d.example", "10.0.0.1"],
];
const PORTS = [80, 443, 8443];
const METHODS = ["GET", "POST", "CONNECT"];

const patterns = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.constantFrom("*.a.example", "*.b.a.example", "*.x.d.example"),
);

const rules: fc.Arbitrary<EgressRule> = fc.record({
  host: patterns,
  port: fc.constantFrom(...PORTS),
  methods: fc.uniqueArray(fc.constantFrom(...METHODS), { minLength: 1 }),
  tcp: fc.boolean(),
}, { requiredKeys: ["host"] }).map((rule) => ({
  ...rule,
  tcp: rule.tcp === true && rule.methods?.includes("CONNECT") !== false,
}));

const denied = fc.tuple(patterns, fc.constantFrom("", ":80", ":443"))
  .map(([host, port]) => host + port);

/** Policies of few hosts and ports. */
export const policies: fc.Arbitrary<CheckedEgress> = fc.record({
  allow: fc.array(rules, { maxLength: 5 }),
  deny: fc.array(denied, { maxLength: 2 }),
  connectionsMax: fc.integer({ min: 1, max: 4096 }),
  headerBytesMax: fc.integer({ min: 1024, max: 2 ** 20 }),
  idleTimeoutMs: fc.integer({ min: 1, max: 86_400_000 }),
  bytesMax: fc.option(fc.integer({ min: 1, max: 10 ** 9 }), { nil: undefined }),
}).map((value) => readEgress(value, "policy"));

/** Every request for those hosts and ports. */
export const REQUESTS: readonly EgressRequest[] = [...NAMES, "x.a.example"]
  .flatMap((host) =>
    PORTS.flatMap((port): EgressRequest[] => [
      { host, port, scheme: "connect", method: "CONNECT" },
      { host, port, scheme: "http", method: "GET" },
      { host, port, scheme: "http", method: "POST" },
      { host, port, scheme: "http", method: "PUT" },
    ])
  );
