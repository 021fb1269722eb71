import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  checkHostNames,
  checkNetworkGrant,
  isNetworkWithin,
  mayGoUnrestricted,
  readDns,
  readExtraHosts,
  readNetwork,
} from "../../../backends/spec/network_check.ts";
import { BackendError, type NetworkSpec } from "../../../backends/mod.ts";
import { refuses } from "../_refuses.ts";

const UNRESTRICTED: NetworkSpec = { unrestricted: true };

function egress(...allow: string[]): NetworkSpec {
  return { egress: { allow } };
}

Deno.test("readNetwork reads the three forms that there are", () => {
  const forms: NetworkSpec[] = [
    "none",
    UNRESTRICTED,
    egress(),
    egress("example.com", "example.com:443", "10.0.0.1:80", "[::1]:80"),
  ];
  for (const form of forms) assertEquals(readNetwork(form), form);
  const bare = Object.assign(Object.create(null), UNRESTRICTED);
  assertEquals(readNetwork(bare), UNRESTRICTED);
  assertEquals(
    readNetwork(egress("Example.COM:443")),
    egress("example.com:443"),
  );
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
  [{ egress: { deny: [] } }, "unknown key"],
  [{ egress: { allow: [], log: 1 } }, "unknown key"],
  [{ egress: { allow: ["*"] } }, "an entry of network.egress.allow"],
  [{ egress: { allow: ["*.example.com"] } }, "an entry of"],
  [{ egress: { allow: ["https://example.com"] } }, "an entry of"],
  [{ egress: { allow: ["example.com/x"] } }, "an entry of"],
  [{ egress: { allow: ["example.com:0"] } }, "an entry of"],
  [{ egress: { allow: ["0.0.0.0/0"] } }, "an entry of"],
  [{ egress: { allow: ["2130706433"] } }, "an entry of"],
  [{ egress: { allow: [""] } }, "an entry of"],
  [{ egress: { allow: [null] } }, "an entry of"],
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
      assertEquals(
        network === "none" ? "none" : { ...network },
        json as unknown,
      );
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      assertEquals(error.code, "network_refused");
    }
  }));
});

Deno.test("isNetworkWithin knows which network reaches less", () => {
  const ordered = [
    "none",
    egress(),
    egress("a"),
    egress("a", "b"),
    UNRESTRICTED,
  ] as const;
  for (const [i, own] of ordered.entries()) {
    for (const [j, ceiling] of ordered.entries()) {
      // An empty policy reaches nothing, and is still more than none.
      assertEquals(isNetworkWithin(own, ceiling), i <= j, `${i} in ${j}`);
    }
  }
  assertEquals(isNetworkWithin(egress("c"), egress("a", "b")), false);
  assertEquals(isNetworkWithin(egress("a:80"), egress("a")), false);
});

Deno.test("checkNetworkGrant gives a network to the tier render alone", () => {
  for (const tier of [undefined, "render", "browser"]) {
    for (const unrestricted of [false, true]) {
      checkNetworkGrant({ network: "none", tier, unrestricted });
    }
  }
  for (const network of [UNRESTRICTED, egress("a")]) {
    checkNetworkGrant({ network, tier: "render", unrestricted: true });
    for (const tier of [undefined, "browser", "Render", "render ", ""]) {
      refuses(
        "network_refused",
        () => checkNetworkGrant({ network, tier, unrestricted: true }),
        "only the tier render",
        'Launch with tier: "render"',
      );
    }
  }
  checkNetworkGrant({
    network: egress("a"),
    tier: "render",
    unrestricted: false,
  });
  refuses(
    "network_refused",
    () =>
      checkNetworkGrant({
        network: UNRESTRICTED,
        tier: "render",
        unrestricted: false,
      }),
    "opt-in",
    "ZU_ALLOW_UNRESTRICTED_EGRESS=1",
  );
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

Deno.test("readExtraHosts and readDns take names and addresses", () => {
  const hosts = { "a.example": "10.0.0.1", "B.example": "::1" };
  assertEquals(readExtraHosts(hosts), {
    "a.example": "10.0.0.1",
    "b.example": "::1",
  });
  assertEquals(readDns(["10.0.0.1", "2001:db8::1"]), [
    "10.0.0.1",
    "2001:db8::1",
  ]);
  for (const name of ["", "a b", "*", "127.0.0.1", "a:1", "-a", "__proto__ "]) {
    refuses(
      "spec_refused",
      () => readExtraHosts({ [name]: "::1" }),
      "no host's name",
    );
  }
  const addresses = [
    ...[
      "",
      "a.example",
      "host-gateway",
      "10.0.0.1:53",
      "1.2.3",
      "fe80::1%eth0",
    ],
    ...["[::1]", 1, null, ["10.0.0.1"], {}],
  ];
  for (const address of addresses) {
    refuses(
      "spec_refused",
      () => readExtraHosts({ a: address }),
      "extraHosts.a",
    );
    refuses("spec_refused", () => readDns([address]), "dns[0]");
  }
  for (const value of [null, "a", 1, true]) {
    refuses("spec_refused", () => readExtraHosts(value), "extraHosts is");
    refuses("spec_refused", () => readDns(value), "dns is");
  }
  refuses("spec_refused", () => readDns(Array(9).fill("::1")), "9 entries");
});

Deno.test("checkHostNames refuses names that could not be reached or looked up", () => {
  const hosts = { a: "::1" };
  const none = { extraHosts: {}, dns: [] };
  for (const network of ["none", egress("a"), UNRESTRICTED] as const) {
    checkHostNames(none, network);
  }
  checkHostNames({ extraHosts: hosts, dns: ["::1"] }, UNRESTRICTED);
  for (const network of ["none", egress("a")] as const) {
    refuses(
      "spec_refused",
      () => checkHostNames({ ...none, dns: ["::1"] }, network),
      "dns with network",
      "contradiction",
    );
    refuses(
      "spec_refused",
      () => checkHostNames({ ...none, extraHosts: hosts }, network),
      "extraHosts with network",
    );
    refuses(
      "spec_refused",
      () => checkHostNames({ extraHosts: hosts, dns: ["::1"] }, network),
      "extraHosts and dns",
    );
  }
});
