import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  checkWithin,
  narrowEgress,
  replaceAllow,
} from "../../../backends/egress/egress_ceiling.ts";
import { decide } from "../../../backends/egress/egress_decision.ts";
import {
  type CheckedEgress,
  readEgress,
} from "../../../backends/egress/egress_policy_check.ts";
import { BackendError, type EgressRule } from "../../../backends/mod.ts";
import { refuses } from "../_refuses.ts";
import { policies, policy, REQUESTS } from "./_policies.ts";

type Rule = string | EgressRule;
const CONNECT = ["CONNECT"];

/** What a ceiling allows, and what is within it and what is not. */
const CEILINGS: [Rule[], Rule[], Rule[]][] = [
  [[], [], ["a.example", "*.a.example"]],
  [
    ["a.example"],
    [
      "a.example",
      { host: "a.example", methods: ["GET"] },
      { host: "a.example", methods: CONNECT },
      { host: "a.example", port: 443, methods: CONNECT },
      { host: "a.example", port: 80, methods: ["GET", "POST"] },
    ],
    [
      "b.example",
      "x.a.example",
      "*.a.example",
      // A port is for both schemes, and this allows one of them for each.
      "a.example:443",
      "a.example:80",
      "a.example:8080",
      { host: "a.example", port: 443, methods: ["GET"] },
      { host: "a.example", port: 443, methods: ["CONNECT", "GET"] },
      { host: "a.example", port: 80, methods: CONNECT },
      { host: "a.example", tcp: true },
    ],
  ],
  [
    ["a.example:443"],
    [
      "a.example:443",
      { host: "a.example", methods: CONNECT },
      { host: "a.example", port: 443, methods: ["GET"] },
    ],
    ["a.example", { host: "a.example", methods: ["GET"] }],
  ],
  [
    ["a.example:443", "a.example:80"],
    ["a.example", "a.example:80"],
    ["a.example:81"],
  ],
  [
    ["*.a.example"],
    ["*.a.example", "b.a.example", "*.b.a.example", "c.b.a.example"],
    ["a.example", "xa.example", "*.example.org", "b.a.example.org"],
  ],
  [["b.a.example"], ["b.a.example"], ["*.a.example", "*.b.a.example"]],
  [["*.b.a.example"], ["*.c.b.a.example"], ["*.a.example", "b.a.example"]],
  [
    [{ host: "a.example", methods: ["GET", "HEAD"] }],
    [
      { host: "a.example", methods: ["GET"] },
      { host: "a.example", methods: ["head", "get"], port: 80 },
    ],
    [
      "a.example",
      { host: "a.example", methods: ["GET", "POST"] },
      { host: "a.example", methods: CONNECT },
    ],
  ],
  [
    [{ host: "a.example", port: 5432, tcp: true }],
    [
      "a.example:5432",
      { host: "a.example", port: 5432, tcp: true },
      { host: "a.example", port: 5432, methods: CONNECT, tcp: true },
    ],
    [{ host: "a.example", port: 5433, tcp: true }],
  ],
  [
    [{ host: "a.example", methods: CONNECT }],
    [{ host: "a.example", methods: CONNECT, port: 443 }],
    [{ host: "a.example", methods: CONNECT, tcp: true }],
  ],
  [
    ["10.0.0.1:80", "[2001:db8::1]"],
    ["10.0.0.1:80", "[2001:DB8:0::1]"],
    ["10.0.0.2:80", "10.0.0.1", "[2001:db8::2]", "[2001:db8::1]:8080"],
  ],
];

for (const [ceiling, within, looser] of CEILINGS) {
  Deno.test(`narrowEgress takes for a ceiling ${JSON.stringify(ceiling)}`, () => {
    const top = policy(ceiling);
    for (const rule of within) {
      const own = policy([rule]);
      assertEquals(narrowEgress(own, top), own, JSON.stringify(rule));
      checkWithin(own.allow, top.allow, "the top");
    }
    for (const rule of looser) {
      const own = policy([...ceiling, rule]);
      assertEquals(narrowEgress(own, top), undefined, JSON.stringify(rule));
      const text = own.allow.at(-1)?.text;
      refuses(
        "network_refused",
        () => checkWithin(own.allow, top.allow, "the top"),
        `the rule "${text}" allows more than the top grants`,
      );
    }
  });
}

Deno.test("checkWithin says so where a rule would be granted for tunnels alone", () => {
  const { allow } = policy(["*.a.example"]);
  const hint = (rule: Rule) =>
    refuses(
      "network_refused",
      () => checkWithin(policy([rule]).allow, allow, "the top"),
    ).message;
  assertStringIncludes(hint("b.a.example:443"), 'methods: ["CONNECT"]');
  assert(!hint("b.a.example:80").includes("CONNECT"));
  assert(!hint("b.example").includes("CONNECT"));
});

Deno.test("narrowEgress keeps what both deny, and the smaller of each number", () => {
  const own = policy(["a.example"], {
    deny: ["x.example", "y.example:80"],
    connectionsMax: 10,
    headerBytesMax: 5000,
    idleTimeoutMs: 10,
  });
  const ceiling = policy(["a.example", "b.example"], {
    deny: ["y.example:80", "*.z.example"],
    connectionsMax: 20,
    headerBytesMax: 4000,
    idleTimeoutMs: 20,
    bytesMax: 1000,
  });
  assertEquals(
    narrowEgress(own, ceiling),
    policy(["a.example"], {
      deny: ["x.example", "y.example:80", "*.z.example"],
      connectionsMax: 10,
      headerBytesMax: 4000,
      idleTimeoutMs: 10,
      bytesMax: 1000,
    }),
  );
  const bytes = (mine: number | undefined, most: number | undefined) =>
    narrowEgress({ ...own, bytesMax: mine }, { ...ceiling, bytesMax: most })
      ?.bytesMax;
  assertEquals(bytes(undefined, undefined), undefined);
  assertEquals(bytes(5, undefined), 5);
  assertEquals(bytes(5, 6), 5);
  assertEquals(bytes(7, 6), 6);
});

/** Whether all that one policy allows is allowed by another, TLS or not. */
function isWithin(narrow: CheckedEgress, wide: CheckedEgress): boolean {
  return REQUESTS.every((asked) => {
    const [one, other] = [decide(narrow, asked), decide(wide, asked)];
    return !one.allowed ||
      (other.allowed &&
        (asked.scheme === "http" || other.rule.tcp || !one.rule.tcp));
  });
}

Deno.test("narrowEgress allows nothing that not both policies allow", () => {
  let narrowed = 0;
  // Of two policies at random, seldom one is within the other.
  const pairs = fc.tuple(policies, policies, fc.boolean()).map(
    ([own, other, isPart]) => {
      const allow = isPart ? [...own.allow, ...other.allow] : other.allow;
      return [own, { ...other, allow }] as const;
    },
  );
  fc.assert(
    fc.property(pairs, ([own, ceiling]) => {
      const both = narrowEgress(own, ceiling);
      const isLooser = !isWithin({ ...own, deny: [] }, {
        ...ceiling,
        deny: [],
      });
      // It may refuse what several rules of the ceiling cover together.
      if (isLooser) assertEquals(both, undefined);
      if (both === undefined) return;
      narrowed++;
      assert(isWithin(both, own) && isWithin(both, ceiling));
      assert(both.connectionsMax <= ceiling.connectionsMax);
      assert(both.headerBytesMax <= ceiling.headerBytesMax);
      assert(both.idleTimeoutMs <= ceiling.idleTimeoutMs);
      const { bytesMax = Infinity } = both;
      assert(bytesMax <= (ceiling.bytesMax ?? Infinity));
      assert(bytesMax <= (own.bytesMax ?? Infinity));
      // To narrow again changes nothing.
      assertEquals(narrowEgress(both, ceiling), both);
    }),
    { numRuns: 1000 },
  );
  assert(narrowed > 300, `only ${narrowed} were narrowed`);
});

Deno.test("replaceAllow changes what is allowed, and keeps the rest", () => {
  const current = policy(["a.example"], {
    deny: ["x.a.example"],
    connectionsMax: 3,
    bytesMax: 1000,
  });
  const next = replaceAllow(current, ["B.example", "*.a.example"], undefined);
  assertEquals(next, { ...current, allow: next.allow });
  assertEquals(next.allow.map(({ text }) => text), [
    "b.example",
    "*.a.example",
  ]);
  assertEquals(Object.isFrozen(next) && Object.isFrozen(next.allow), true);
  assertEquals(replaceAllow(current, [], policy([])).allow, []);
  const denied = decide(next, {
    host: "x.a.example",
    port: 443,
    scheme: "connect",
    method: "CONNECT",
  });
  assertEquals(denied.allowed, false);
});

Deno.test("replaceAllow refuses what is no list, or more than the ceiling", () => {
  const current = policy(["a.example"]);
  const ceiling = policy(["*.a.example", "a.example"]);
  replaceAllow(current, ["b.a.example"], ceiling);
  const cases: [unknown, string][] = [
    [["b.example"], 'the rule "b.example" allows more than'],
    [["a.example:443"], "methods"],
    [["*"], "allow[0] is"],
    ["a.example", "allow is"],
    [undefined, "allow is undefined"],
    [null, "allow is null"],
    [{ allow: [] }, "allow is an object"],
    [Array(257).fill("a.example"), "257 entries"],
  ];
  for (const [allow, words] of cases) {
    const error = refuses(
      "network_refused",
      () => replaceAllow(current, allow, ceiling),
      "Cannot replace what the sandbox may reach: ",
      words,
    );
    assert(!error.message.includes("launch"), error.message);
  }
});

Deno.test("replaceAllow gives nothing that the ceiling does not, whatever it is given", () => {
  const rules = fc.oneof(
    fc.string(),
    fc.domain(),
    fc.constantFrom<unknown>("a.example", "b.a.example", "*.a.example", null),
  );
  fc.assert(fc.property(policies, policies, fc.array(rules), (...all) => {
    const [current, ceiling, allow] = all;
    try {
      const next = replaceAllow(current, allow, ceiling);
      assert(isWithin(next, { ...ceiling, deny: [] }));
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      assertEquals(error.code, "network_refused");
    }
  }));
  assertEquals(readEgress({ allow: [] }, "egress").allow, []);
});
