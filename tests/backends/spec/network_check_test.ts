import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { readEgress } from "../../../backends/egress/egress_policy_check.ts";
import {
  mayGoUnrestricted,
  narrowNetwork,
  networkOf,
  readNetwork,
} from "../../../backends/spec/network_check.ts";
import { BackendError, type NetworkSpec } from "../../../backends/mod.ts";
import { refuses } from "../_refuses.ts";

const UNRESTRICTED: NetworkSpec = { unrestricted: true };

function egress(...allow: string[]): NetworkSpec {
  return { egress: { allow } };
}

Deno.test("readNetwork reads the three forms that there are", () => {
  assertEquals(readNetwork("none"), "none");
  assertEquals(readNetwork(UNRESTRICTED), UNRESTRICTED);
  const bare = Object.assign(Object.create(null), UNRESTRICTED);
  assertEquals(readNetwork(bare), UNRESTRICTED);
  const all = { allow: ["*.Example.COM:443", { host: "::1", port: 80 }] };
  assertEquals(readNetwork({ egress: all }), {
    egress: readEgress(all, "egress"),
  });
  assertEquals(readNetwork(egress()), {
    egress: readEgress({ allow: [] }, "egress"),
  });
});

const TYPOS: [unknown, string][] = [
  ["None", 'did you mean "none"?'],
  ["NONE", 'did you mean "none"?'],
  ["nnoe", 'did you mean "none"?'],
  ["none ", 'did you mean "none"?'],
  [" none", 'did you mean "none"?'],
  ["", "it must be"],
  ["no", "it must be"],
  ["host", "it must be"],
  ["bridge", "it must be"],
  ["default", "it must be"],
  ["container:abc", "it must be"],
  ["unrestricted", "it must be"],
  ["egress", "it must be"],
  ["internal", "it must be"],
  [true, "it must be"],
  [false, "it must be"],
  [null, "it must be"],
  [0, "it must be"],
  [1, "it must be"],
  [[], "plain object"],
  [["none"], "plain object"],
  [{}, "0 keys"],
  [{ none: true }, "unknown key"],
  [{ unrestricted: false }, "network.unrestricted is false"],
  [{ unrestricted: "yes" }, "network.unrestricted is"],
  [{ unrestricted: "true" }, "network.unrestricted is"],
  [{ unrestricted: 1 }, "network.unrestricted is 1"],
  [{ unrestricted: null }, "network.unrestricted is null"],
  [{ unrestricted: undefined }, "0 keys"],
  [{ unrestricted: {} }, "network.unrestricted is"],
  [{ Unrestricted: true }, "did you mean unrestricted?"],
  [{ unrestricted: true, egress: { allow: [] } }, "2 keys"],
  [{ unrestricted: true, log: true }, "unknown key"],
  [{ egress: true }, "network.egress is true"],
  [{ egress: "none" }, "network.egress is"],
  [{ egress: ["example.com"] }, "network.egress is an array"],
  [{ egress: null }, "network.egress is null"],
  [{ egress: {} }, "network.egress.allow is undefined"],
  [{ egress: { allow: "example.com" } }, "network.egress.allow is"],
  [{ egress: { allow: "*" } }, "network.egress.allow is"],
  [{ egress: { deny: [] } }, "network.egress.allow is undefined"],
  [{ egress: { allow: [], denny: [] } }, "did you mean deny?"],
  [{ egress: { allow: [], log: 1 } }, "unknown key"],
  [{ egress: { allow: ["*"] } }, "network.egress.allow[0]"],
  [{ egress: { allow: ["*.com"] } }, "network.egress.allow[0]"],
  [{ egress: { allow: ["https://example.com"] } }, "network.egress.allow[0]"],
  [{ egress: { allow: ["example.com/x"] } }, "network.egress.allow[0]"],
  [{ egress: { allow: ["example.com:0"] } }, "network.egress.allow[0]"],
  [{ egress: { allow: ["0.0.0.0/0"] } }, "network.egress.allow[0]"],
  [{ egress: { allow: ["2130706433"] } }, "network.egress.allow[0]"],
  [{ egress: { allow: [""] } }, "network.egress.allow[0]"],
  [{ egress: { allow: [null] } }, "network.egress.allow[0]"],
  [Object.create(UNRESTRICTED as object), "plain object"],
];

Deno.test("lesson 30: readNetwork takes no typing mistake for a network", () => {
  for (const [network, words] of TYPOS) {
    refuses("network_refused", () => readNetwork(network), words);
  }
});

Deno.test("lesson 30: readNetwork grants a network only for the exact words", () => {
  fc.assert(fc.property(fc.jsonValue(), (json) => {
    try {
      const network = readNetwork(json);
      if (network === "none") return assertEquals<unknown>(json, "none");
      if ("unrestricted" in network) {
        return assertEquals<unknown>(json, UNRESTRICTED);
      }
      const { egress } = json as { egress: unknown };
      assertEquals(network, { egress: readEgress(egress, "egress") });
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      assertEquals(error.code, "network_refused");
    }
  }));
});

Deno.test("narrowNetwork gives of a network what another one reaches, too", () => {
  const ordered = ([
    "none",
    egress(),
    egress("a"),
    egress("a", "b"),
    UNRESTRICTED,
  ] as const).map((network) => readNetwork(network));
  for (const [i, own] of ordered.entries()) {
    for (const [j, ceiling] of ordered.entries()) {
      const narrow = () => narrowNetwork(own, ceiling, "the tier");
      // An empty policy reaches nothing, and is still more than none.
      if (i <= j) assertEquals(narrow(), own, `${i} in ${j}`);
      else if (i === 4 || j === 0) assertEquals(narrow(), undefined);
      else refuses("network_refused", narrow, "more than the tier grants");
    }
  }
  for (const [own, ceiling] of [["c", "a"], ["a:80", "a"], ["a.b", "*.a.b"]]) {
    refuses(
      "network_refused",
      () =>
        narrowNetwork(
          readNetwork(egress(own!)),
          readNetwork(egress(ceiling!)),
          "the tier",
        ),
      `"${own}"`,
    );
  }
});

Deno.test("narrowNetwork keeps what the other network denies, and its bounds", () => {
  const own = readNetwork({ egress: { allow: ["a.b"], deny: ["x"] } });
  const ceiling = readNetwork({
    egress: { allow: ["a.b", "*.a.b"], deny: ["y"], bytesMax: 5 },
  });
  const network = narrowNetwork(own, ceiling, "the tier");
  assertEquals(
    network,
    readNetwork({ egress: { allow: ["a.b"], deny: ["x", "y"], bytesMax: 5 } }),
  );
});

Deno.test("networkOf gives a network back, with all of its policy", () => {
  assertEquals(networkOf("none"), "none");
  assertEquals(networkOf(UNRESTRICTED), UNRESTRICTED);
  assertEquals(networkOf(readNetwork(egress("A.b:443"))), {
    egress: {
      allow: ["a.b:443"],
      deny: [],
      connectionsMax: 256,
      headerBytesMax: 32_768,
      idleTimeoutMs: 300_000,
    },
  });
});

Deno.test("lesson 25: mayGoUnrestricted looks at what the variable says, not whether it is there", () => {
  const yes = ["1", "true", "yes", "on", "TRUE", "Yes", "oN", " 1 ", "on\n"];
  for (const env of yes) {
    assertEquals(mayGoUnrestricted(undefined, env), true, env);
  }
  const no = [
    ...[
      "0",
      "false",
      "no",
      "off",
      "",
      " ",
      "FALSE",
      "2",
      "11",
      "01",
      "1.0",
      "y",
    ],
    ...["t", "enable", "enabled", "null", "undefined", "yes please", "on,off"],
    ...["1 0", "-1", "+1", "=1", "trueish", "0true"],
  ];
  for (const env of [undefined, ...no]) {
    assertEquals(mayGoUnrestricted(undefined, env), false, env);
  }
});

Deno.test("mayGoUnrestricted prefers the option, and takes it for a yes only if it is true", () => {
  for (const env of [undefined, "0", "1"]) {
    assertEquals(mayGoUnrestricted(true, env), true);
    assertEquals(mayGoUnrestricted(false, env), false);
  }
  for (const option of ["0", "1", "true", 1, 0, null, {}]) {
    assertThrows(
      () => mayGoUnrestricted(option as unknown as boolean, "1"),
      TypeError,
      "must be true or false",
    );
  }
});
