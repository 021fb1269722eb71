import { assertEquals } from "@std/assert";
import { readEgressGrant } from "../../../backends/egress/egress_grant.ts";
import { readNetwork } from "../../../backends/spec/network_check.ts";
import {
  grantNetwork,
  type NetworkRequest,
  tierEgress,
} from "../../../backends/spec/network_grant.ts";
import type { EgressPolicy } from "../../../backends/mod.ts";
import { refuses } from "../_refuses.ts";

const UNRESTRICTED = readNetwork({ unrestricted: true });
const TIERS = [undefined, "browser", "Render", "render ", ""];
const ASKED: Omit<NetworkRequest, "network"> = {
  tier: undefined,
  unrestricted: true,
  egress: undefined,
  by: "the backend",
};

function egress(allow: string[], rest: Partial<EgressPolicy> = {}) {
  return readNetwork({ egress: { allow, ...rest } });
}

Deno.test("grantNetwork gives no network to whoever asks for none", () => {
  for (const tier of [...TIERS, "render"]) {
    for (const unrestricted of [false, true]) {
      assertEquals(
        grantNetwork({ ...ASKED, network: "none", tier, unrestricted }),
        { network: "none", egressCeiling: undefined },
      );
    }
  }
});

Deno.test("grantNetwork gives an unrestricted network to the tier render alone, with the opt-in", () => {
  const granted = { network: UNRESTRICTED, egressCeiling: undefined };
  for (const option of [undefined, {}, { allow: ["a.b"] }]) {
    const asked = {
      ...ASKED,
      network: UNRESTRICTED,
      egress: readEgressGrant(option),
    };
    assertEquals(grantNetwork({ ...asked, tier: "render" }), granted);
    for (const tier of TIERS) {
      refuses(
        "network_refused",
        () => grantNetwork({ ...asked, tier }),
        "only the tier render may have an unrestricted network",
        'Launch with tier: "render"',
      );
    }
    refuses(
      "network_refused",
      () => grantNetwork({ ...asked, tier: "render", unrestricted: false }),
      "opt-in",
      "ZU_ALLOW_UNRESTRICTED_EGRESS=1",
    );
  }
});

Deno.test("lesson 37: grantNetwork gives scoped egress without the backend's option to the tier render alone", () => {
  const asked = { ...ASKED, network: egress(["a.b"]), unrestricted: false };
  assertEquals(grantNetwork({ ...asked, tier: "render" }), {
    network: egress(["a.b"]),
    egressCeiling: undefined,
  });
  for (const tier of TIERS) {
    refuses(
      "network_refused",
      () => grantNetwork({ ...asked, tier }),
      "without the backend's option egress",
    );
  }
});

Deno.test("grantNetwork gives scoped egress to every tier within the backend's option, with what that denies", () => {
  const grant = readEgressGrant({
    allow: ["*.a.b", "c.d"],
    deny: ["x.a.b", "*.internal"],
  });
  for (const tier of [...TIERS, "render"]) {
    const asked = { ...ASKED, tier, unrestricted: false, egress: grant };
    const own = egress(["y.a.b"], { deny: ["z.a.b"], bytesMax: 7 });
    const deny = ["z.a.b", "x.a.b", "*.internal"];
    const { network, egressCeiling } = grantNetwork({ ...asked, network: own });
    assertEquals(network, egress(["y.a.b"], { deny, bytesMax: 7 }));
    assertEquals(
      egressCeiling && { egress: egressCeiling },
      egress(["*.a.b", "c.d"], { deny, bytesMax: 7 }),
    );
    for (const looser of ["a.b", "e.f", "*.c.d", "c.d:443"]) {
      refuses(
        "network_refused",
        () => grantNetwork({ ...asked, network: egress(["y.a.b", looser]) }),
        `the rule "${looser}" allows more than the backend grants`,
      );
    }
  }
});

Deno.test("grantNetwork sets no ceiling where the option allows whatever is public", () => {
  const grant = readEgressGrant({ deny: ["*.internal"] });
  assertEquals(
    grantNetwork({ ...ASKED, network: egress(["e.f:1"]), egress: grant }),
    {
      network: egress(["e.f:1"], { deny: ["*.internal"] }),
      egressCeiling: undefined,
    },
  );
});

Deno.test("tierEgress is what the preset allows, within what the backend grants", () => {
  const preset = egress(["a.b"], { deny: ["c.d"] });
  const own = tierEgress(preset, undefined);
  assertEquals(own?.allow?.map(({ text }) => text), ["a.b"]);
  assertEquals(own?.deny.map(({ text }) => text), ["c.d"]);
  const grant = readEgressGrant({
    allow: ["a.b", "e.f"],
    deny: ["*.internal"],
  });
  const both = tierEgress(preset, grant);
  assertEquals(both?.allow, own?.allow);
  assertEquals(both?.deny.map(({ text }) => text), ["c.d", "*.internal"]);
  for (const network of [undefined, "none", UNRESTRICTED] as const) {
    assertEquals(tierEgress(network, grant), grant);
    assertEquals(tierEgress(network, undefined), undefined);
  }
  refuses(
    "network_refused",
    () => tierEgress(egress(["*.b.c"]), grant),
    "more than the backend's option egress grants",
  );
});
