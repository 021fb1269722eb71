import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { readEgressGrant } from "../../../backends/egress/egress_grant.ts";
import {
  type CheckedSpec,
  DEFAULT_GRANTS,
} from "../../../backends/spec/complete_spec.ts";
import { checkLaunchSpec } from "../../../backends/spec/launch_spec_check.ts";
import { checkTiers } from "../../../backends/spec/tiers.ts";
import type { EgressOptions, LaunchSpec } from "../../../backends/mod.ts";
import type { TierPreset } from "../../../backends/tier_preset.ts";
import { refuses } from "../_refuses.ts";
import { launch } from "./_render_tier.ts";

const MIB = 2 ** 20;
const GRANTS = { ...DEFAULT_GRANTS, unrestrictedNetwork: true };

Deno.test("applyTier gives a spec its preset's values", () => {
  const preset: TierPreset = {
    image: "example.com/render",
    command: ["server"],
    env: { A: "1" },
    workdir: "/work",
    user: "1000:1000",
    labels: { tier: "r" },
    memory: "2g",
    cpus: 2,
    pids: 512,
    readOnlyRootfs: false,
    tmpfs: { "/work": "size=1536m" },
    mounts: [{ source: "/srv/fonts", target: "/fonts" }],
    capAdd: ["CHOWN"],
    runtime: "runsc",
    seccomp: '{"defaultAction":"SCMP_ACT_ERRNO"}',
    network: { unrestricted: true },
    dns: ["10.0.0.53"],
    extraHosts: { a: "10.0.0.1" },
    imagePolicy: { allow: ["example.com"] },
    ttlMs: 60_000,
  };
  const checked = launch(preset);
  assertEquals(checked.image, "example.com/render");
  assertEquals(checked.tier, "render");
  assertEquals(checked.memory, 2048 * MIB);
  assertEquals([checked.cpus, checked.pids, checked.ttlMs], [2, 512, 60_000]);
  assertEquals(checked.readOnlyRootfs, false);
  assertEquals(checked.tmpfs.map(({ target, size }) => [target, size]), [
    ["/work", 1536 * MIB],
  ]);
  for (
    const key of [
      "command",
      "env",
      "workdir",
      "user",
      "labels",
      "runtime",
    ] as const
  ) {
    assertEquals<unknown>(checked[key], preset[key]);
  }
  for (const key of ["capAdd", "network", "dns", "extraHosts"] as const) {
    assertEquals<unknown>(checked[key], preset[key]);
  }
  assertEquals(checked.mounts, [
    { source: "/srv/fonts", target: "/fonts", readOnly: true },
  ]);
  assertEquals(checked.imagePolicy, { allow: ["example.com"], pinned: false });
});

Deno.test("applyTier gives what the backend grants where the preset is silent", () => {
  const { memory, cpus, pids, network, readOnlyRootfs, ttlMs } = launch({});
  assertEquals({ memory, cpus, pids, network, readOnlyRootfs, ttlMs }, {
    memory: 1024 * MIB,
    cpus: 1,
    pids: 256,
    network: "none",
    readOnlyRootfs: true,
    ttlMs: 3_600_000,
  });
  refuses(
    "spec_refused",
    () => launch({}, { memory: "2g" }),
    'the tier "render" grants 1g',
  );
});

Deno.test("applyTier keeps both a preset's image policy and a spec's", () => {
  const both = launch(
    { imagePolicy: { allow: ["docker.io", "example.com/a"], pull: "never" } },
    {
      imagePolicy: {
        allow: ["alpine", "example.com"],
        pinned: true,
        pull: "always",
      },
    },
  );
  assertEquals(both.imagePolicy, {
    allow: ["docker.io/library/alpine", "example.com/a"],
    pinned: true,
    pull: "never",
  });
});

const NETWORKS: [TierPreset["network"], LaunchSpec["network"], string][] = [
  [undefined, undefined, "none"],
  [undefined, { unrestricted: true }, "unrestricted"],
  [undefined, { egress: { allow: ["a"] } }, "egress"],
  ["none", undefined, "none"],
  ["none", "none", "none"],
  ["none", { unrestricted: true }, "refused"],
  ["none", { egress: { allow: [] } }, "refused"],
  [{ unrestricted: true }, undefined, "unrestricted"],
  [{ unrestricted: true }, "none", "none"],
  [{ unrestricted: true }, { unrestricted: true }, "unrestricted"],
  [{ unrestricted: true }, { egress: { allow: ["a"] } }, "egress"],
  [{ egress: { allow: ["a", "b"] } }, undefined, "egress"],
  [{ egress: { allow: ["a", "b"] } }, "none", "none"],
  [{ egress: { allow: ["a", "b"] } }, { egress: { allow: ["b"] } }, "egress"],
  [{ egress: { allow: ["a", "b"] } }, { egress: { allow: ["c"] } }, "refused"],
  [{ egress: { allow: ["a", "b"] } }, { unrestricted: true }, "refused"],
];

Deno.test("applyTier takes a preset's network for a ceiling, which needs the opt-in all the same", () => {
  for (const [granted, asked, expected] of NETWORKS) {
    const preset = granted === undefined ? {} : { network: granted };
    const spec = asked === undefined ? {} : { network: asked };
    for (const unrestrictedNetwork of [true, false]) {
      const grants = { ...GRANTS, unrestrictedNetwork };
      const isRefused = expected === "refused" ||
        (expected === "unrestricted" && !unrestrictedNetwork);
      if (isRefused) {
        refuses("network_refused", () => launch(preset, spec, grants));
      } else {
        const { network } = launch(preset, spec, grants);
        assertEquals(
          network === "none" ? network : Object.keys(network)[0],
          expected,
        );
      }
    }
  }
});

Deno.test("applyTier drops a preset's name servers with its network", () => {
  const preset: TierPreset = {
    network: { unrestricted: true },
    dns: ["10.0.0.1"],
    extraHosts: { a: "10.0.0.1" },
  };
  for (const network of ["none", { egress: { allow: ["a"] } }] as const) {
    const { dns, extraHosts } = launch(preset, { network });
    assertEquals([dns, extraHosts], [[], {}]);
  }
});

Deno.test("applyTier refuses a tier that there is not, and names those that there are", () => {
  const tiers = checkTiers(
    { render: { image: "a" }, browser: { image: "b" } },
    GRANTS,
  );
  const cases: [string, string[]][] = [
    ["rendr", ["did you mean render?", '"render", "browser"']],
    ["Render", ["did you mean render?"]],
    ["__proto__", ['"render", "browser"']],
    ["constructor", ['"render", "browser"']],
    ["x".repeat(100), ['"render", "browser"']],
  ];
  for (const [tier, words] of cases) {
    refuses(
      "spec_refused",
      () => checkLaunchSpec({ tier }, GRANTS, tiers),
      ...words,
    );
  }
  refuses(
    "spec_refused",
    () => checkLaunchSpec({ tier: "render" }, GRANTS),
    "has no tiers",
  );
});

Deno.test("applyTier lets a preset leave the image to the spec, which then has to name it", () => {
  const tiers = checkTiers({ shell: { memory: "64m" } }, GRANTS);
  const spec = { tier: "shell", image: "busybox" };
  assertEquals(checkLaunchSpec(spec, GRANTS, tiers).image, "busybox");
  refuses(
    "spec_refused",
    () => checkLaunchSpec({ tier: "shell" }, GRANTS, tiers),
    'the preset of tier "shell"',
  );
});

Deno.test("lesson 30: only the tier render has a network, where nothing else is granted", () => {
  const tiers = checkTiers({ browser: { image: "a" } }, GRANTS);
  for (
    const network of [{ unrestricted: true }, {
      egress: { allow: [] },
    }] as const
  ) {
    refuses(
      "network_refused",
      () => checkLaunchSpec({ tier: "browser", network }, GRANTS, tiers),
      'the spec\'s tier is "browser"',
    );
    for (const tier of ["browser", "Render", "render ", "__proto__"]) {
      const option = Object.fromEntries([[tier, { network }]]);
      const error = assertThrows(() => checkTiers(option, GRANTS), TypeError);
      assertStringIncludes(error.message, "only the tier render");
    }
  }
});

/** Checks a spec of a tier that is not render, with the option egress. */
function scoped(
  preset: TierPreset["network"],
  network: LaunchSpec["network"],
  option: EgressOptions = { allow: ["*.a.b", "c.d"], deny: ["x.a.b"] },
): CheckedSpec {
  const grants = { ...GRANTS, egress: readEgressGrant(option) };
  const tiers = checkTiers({
    code: { image: "a", ...(preset && { network: preset }) },
  }, grants);
  const spec = { tier: "code", ...(network && { network }) };
  return checkLaunchSpec(spec, grants, tiers);
}

function reached({ network }: CheckedSpec): string[] {
  if (network === "none" || "unrestricted" in network) return [];
  const { allow, deny } = network.egress;
  return [
    ...allow.map(({ text }) => text),
    ...deny.map((deny) => `-${deny.text}`),
  ];
}

Deno.test("applyTier gives any tier scoped egress within the preset and the backend's option", () => {
  const preset = { egress: { allow: ["*.y.a.b", "c.d"], deny: ["z.y.a.b"] } };
  const asked = { egress: { allow: ["1.y.a.b"], deny: ["c.d"] } };
  const plain = scoped(preset, undefined);
  assertEquals(reached(plain), ["*.y.a.b", "c.d", "-z.y.a.b", "-x.a.b"]);
  const tight = scoped(preset, asked);
  assertEquals(reached(tight), ["1.y.a.b", "-c.d", "-z.y.a.b", "-x.a.b"]);
  for (const { egressCeiling } of [plain, tight]) {
    assertEquals(egressCeiling?.allow.map(({ text }) => text), [
      "*.y.a.b",
      "c.d",
    ]);
  }
  assertEquals(scoped(preset, "none").network, "none");
  assertEquals(reached(scoped(undefined, asked)), [
    "1.y.a.b",
    "-c.d",
    "-x.a.b",
  ]);
  assertEquals(
    scoped(undefined, asked).egressCeiling?.allow.map(({ text }) => text),
    ["*.a.b", "c.d"],
  );
  assertEquals(scoped(undefined, asked, {}).egressCeiling, undefined);
  const wide = { egress: { allow: ["1.a.b"] } };
  refuses(
    "network_refused",
    () => scoped(preset, wide),
    'the rule "1.a.b" allows more than the tier "code" grants',
  );
  refuses(
    "network_refused",
    () => scoped(undefined, { egress: { allow: ["e.f"] } }),
    'the rule "e.f" allows more than the tier "code" grants',
  );
  refuses("network_refused", () => scoped("none", asked));
  refuses("network_refused", () => scoped(preset, { unrestricted: true }));
});

Deno.test("applyTier keeps the smaller bounds of a preset's egress and a spec's", () => {
  const { network } = scoped(
    { egress: { allow: ["c.d"], connectionsMax: 5, bytesMax: 100 } },
    { egress: { allow: ["c.d"], idleTimeoutMs: 9, bytesMax: 1000 } },
  );
  assert(network !== "none" && "egress" in network);
  const { connectionsMax, idleTimeoutMs, bytesMax } = network.egress;
  assertEquals([connectionsMax, idleTimeoutMs, bytesMax], [5, 9, 100]);
});

Deno.test("checkTiers refuses a preset whose egress is more than the backend's option allows", () => {
  for (
    const [network, words] of [
      [{ egress: { allow: ["e.f"] } }, "more than the backend's option egress"],
      [{ egress: { allow: ["*.b.c"] } }, "more than the backend's option"],
      [{ unrestricted: true }, "only the tier render"],
    ] as const
  ) {
    const error = assertThrows(() => scoped(network, undefined), TypeError);
    assertStringIncludes(error.message, words);
    assertStringIncludes(error.message, 'the preset of "code"');
  }
});

Deno.test("checkTiers calls a wrong preset a misuse, and names the tier", () => {
  const presets: [unknown, string][] = [
    [null, "plain object"],
    ["alpine", "plain object"],
    [{ tier: "a" }, 'unknown key "tier"'],
    [{ memry: "1g" }, "did you mean memory?"],
    [{ memory: 0 }, "memory is 0"],
    [{ memory: "1k" }, "memory is"],
    [{ image: "" }, "no image's name"],
    [{ capAdd: ["SYS_ADMIN"] }, "SYS_ADMIN"],
    [{ seccomp: "unconfined" }, "seccomp"],
    [{ network: "None" }, 'did you mean "none"?'],
    [{ mounts: [{ source: "/", target: "/a" }] }, "cannot be mounted"],
    [{ tmpfs: { "/a": "size=2g" } }, "size 2g"],
    [{ dns: ["10.0.0.1"] }, "dns with network"],
    [{ ttlMs: GRANTS.ttlMsMax + 1 }, "ttlMs"],
    [{ imagePolicy: { allow: ["a:b"] } }, '"a:b"'],
  ];
  for (const [preset, words] of presets) {
    const option = { render: preset } as Record<string, TierPreset>;
    const error = assertThrows(() => checkTiers(option, GRANTS), TypeError);
    assertStringIncludes(error.message, 'tiers: the preset of "render": ');
    assertStringIncludes(error.message, words);
  }
  for (const option of [[], "render", new Map(), 1]) {
    const tiers = option as unknown as Record<string, TierPreset>;
    assertThrows(() => checkTiers(tiers, GRANTS), TypeError, "tiers: ");
  }
  assertEquals(checkTiers(undefined, GRANTS).size, 0);
  checkTiers({ a: { memory: "4g", tmpfs: { "/a": "size=2g" } } }, GRANTS);
});

Deno.test("checkTiers copies the presets", () => {
  const preset = { image: "alpine", env: { A: "1" } };
  const tiers = checkTiers({ a: preset }, GRANTS);
  preset.image = "busybox";
  preset.env.A = "2";
  const { image, env } = checkLaunchSpec({ tier: "a" }, GRANTS, tiers);
  assertEquals([image, env], ["alpine", { A: "1" }]);
});
