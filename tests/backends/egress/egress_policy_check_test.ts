import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  policyOf,
  readEgress,
} from "../../../backends/egress/egress_policy_check.ts";
import { BackendError, type EgressPolicy } from "../../../backends/mod.ts";
import { refuses } from "../_refuses.ts";
import { policies, policy } from "./_policies.ts";

Deno.test("readEgress fills in what a policy leaves open", () => {
  assertEquals(readEgress({ allow: [] }, "egress"), {
    allow: [],
    deny: [],
    connectionsMax: 256,
    headerBytesMax: 32_768,
    idleTimeoutMs: 300_000,
    bytesMax: undefined,
  });
});

Deno.test("readEgress takes bounds at their ends", () => {
  const ends: Partial<EgressPolicy>[] = [
    ...[{ connectionsMax: 1 }, { connectionsMax: 4096 }],
    ...[{ headerBytesMax: 1024 }, { headerBytesMax: 1_048_576 }],
    ...[{ idleTimeoutMs: 1 }, { idleTimeoutMs: 86_400_000 }],
    ...[{ bytesMax: 1 }, { bytesMax: Number.MAX_SAFE_INTEGER }],
  ];
  for (const each of ends) {
    const [[key, value]] = Object.entries(each) as [
      [keyof EgressPolicy, number],
    ];
    assertEquals(policy([], each)[key], value);
  }
});

const REFUSED: [unknown, string][] = [
  [null, "egress is null"],
  ["none", "egress is"],
  [[], "egress is an array"],
  [new Map(), "plain object"],
  [{}, "egress.allow is undefined"],
  [{ allow: "a.example" }, "egress.allow is"],
  [{ allow: { 0: "a.example" } }, "egress.allow is an object"],
  [{ allow: [1] }, "egress.allow[0] is 1"],
  [{ allow: ["a.example", "*"] }, "egress.allow[1] is"],
  [{ allow: [{ host: "a.example", port: 0 }] }, "egress.allow[0].port is 0"],
  [{ allow: Array(257).fill("a.example") }, "257 entries"],
  [{ allow: [], deny: "a.example" }, "egress.deny is"],
  [{ allow: [], deny: null }, "egress.deny is null"],
  [{ allow: [], deny: [{ host: "a.example" }] }, "egress.deny[0] is an object"],
  [{ allow: [], deny: Array(257).fill("a.example") }, "257 entries"],
  [{ allow: [], alow: [] }, "did you mean allow?"],
  [{ allow: [], denied: [] }, "the nearest is deny"],
  [{ allow: [], treatAsPublic: [] }, "unknown key"],
  [{ allow: [], connectionsMax: 0 }, "egress.connectionsMax is 0"],
  [{ allow: [], connectionsMax: 4097 }, "1 to 4096"],
  [{ allow: [], connectionsMax: 1.5 }, "integer"],
  [{ allow: [], connectionsMax: "1" }, 'egress.connectionsMax is "1"'],
  [{ allow: [], connectionsMax: null }, "egress.connectionsMax is null"],
  [{ allow: [], headerBytesMax: 1023 }, "1024 to 1048576"],
  [{ allow: [], headerBytesMax: 2 ** 20 + 1 }, "1024 to 1048576"],
  [{ allow: [], headerBytesMax: NaN }, "egress.headerBytesMax is NaN"],
  [{ allow: [], idleTimeoutMs: 0 }, "1 to 86400000"],
  [{ allow: [], idleTimeoutMs: 86_400_001 }, "1 to 86400000"],
  [{ allow: [], idleTimeoutMs: Infinity }, "egress.idleTimeoutMs is Infinity"],
  [{ allow: [], bytesMax: 0 }, "egress.bytesMax is 0"],
  [{ allow: [], bytesMax: -1 }, "egress.bytesMax is -1"],
  [{ allow: [], bytesMax: 2 ** 53 }, "egress.bytesMax is"],
  [{ allow: [], bytesMax: 1n }, "egress.bytesMax is 1"],
];

Deno.test("readEgress refuses what is no policy, and names the key", () => {
  for (const [value, words] of REFUSED) {
    refuses("spec_refused", () => readEgress(value, "egress"), words);
  }
});

Deno.test("readEgress throws nothing but refusals, whatever it is given", () => {
  const values = fc.oneof(
    fc.anything(),
    fc.jsonValue(),
    fc.record({
      allow: fc.oneof(fc.array(fc.string()), fc.anything()),
      deny: fc.oneof(fc.array(fc.string()), fc.anything()),
      connectionsMax: fc.anything(),
      bytesMax: fc.anything(),
    }, { requiredKeys: ["allow"] }),
  );
  fc.assert(fc.property(values, (value) => {
    try {
      readEgress(value, "egress");
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      assertEquals(error.code, "spec_refused");
    }
  }));
});

Deno.test("readEgress copies, and freezes all of it", () => {
  const methods = ["GET"];
  const allow = [{ host: "a.example", methods }];
  const deny = ["b.example"];
  const checked = readEgress({ allow, deny }, "egress");
  const before = structuredClone(checked);
  methods.push("POST");
  allow.push({ host: "c.example", methods });
  deny.push("c.example");
  assertEquals(structuredClone(checked), before);
  const unfrozen = (value: unknown): boolean =>
    typeof value === "object" && value !== null &&
    (!Object.isFrozen(value) || Object.values(value).some(unfrozen));
  assertEquals(unfrozen(checked), false);
  assertEquals(unfrozen(policyOf(checked)), false);
});

Deno.test("policyOf gives the policy back, with every value", () => {
  const checked = policy([
    "A.example:443",
    { host: "*.b.example" },
    { host: "c.example", methods: ["get"] },
    { host: "2001:db8::1", port: 22, tcp: true },
  ], { deny: ["[2001:DB8::0:2]:80", "*.internal"] });
  assertEquals(policyOf(checked), {
    allow: [
      "a.example:443",
      "*.b.example",
      { host: "c.example", methods: ["GET"] },
      { host: "2001:db8::1", port: 22, tcp: true },
    ],
    deny: ["[2001:db8::2]:80", "*.internal"],
    connectionsMax: 256,
    headerBytesMax: 32_768,
    idleTimeoutMs: 300_000,
  });
  assertEquals(policyOf(policy([], { bytesMax: 5 })).bytesMax, 5);
  fc.assert(fc.property(policies, (each) => {
    assertEquals(readEgress(policyOf(each), "egress"), each);
    // It is what a log or a file would hold.
    const json = JSON.parse(JSON.stringify(policyOf(each)));
    assertEquals(readEgress(json, "egress"), each);
  }));
});
