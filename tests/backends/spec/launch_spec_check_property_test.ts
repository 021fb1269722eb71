// Any JSON as a spec: it is refused with a code, or grants no more than there is.
import { assert } from "@std/assert";
import fc from "fast-check";
import { readEgressGrant } from "../../../backends/egress/egress_grant.ts";
import { CAP_ADD_ALLOWED } from "../../../backends/spec/cap_add.ts";
import {
  type CheckedSpec,
  DEFAULT_GRANTS,
} from "../../../backends/spec/complete_spec.ts";
import { checkLaunchSpec } from "../../../backends/spec/launch_spec_check.ts";
import { SPEC_KEYS } from "../../../backends/spec/spec_fields.ts";
import { checkTiers } from "../../../backends/spec/tiers.ts";
import { BackendError, type LaunchSpec } from "../../../backends/mod.ts";

const MIB = 2 ** 20;
const GRANTS = { ...DEFAULT_GRANTS, ttlMsMax: 7_200_000 };

/** Whatever a spec's key may be given, valid or not. */
const values = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    ...["512m", "2g", "6m", 0.5, 2, 100, 300, 5000, 10 ** 9, true, false],
    ...["none", { unrestricted: true }, { egress: { allow: ["a.b"] } }],
    ...[{ egress: { allow: ["a.c"] } }, { egress: { allow: ["*.b.b"] } }],
    ...[["CHOWN"], ["SYS_ADMIN"], { "/a": "size=64m" }, { "/a": "size=2g" }],
    ...[[{ source: "/srv", target: "/x" }], [{ source: "/", target: "/x" }]],
    ...[["sh", "-c", "x"], { A: "1" }, "/tmp", "0:0", "nobody", "render"],
    ...['{"defaultAction":"SCMP_ACT_ERRNO"}', { allow: ["alpine"] }, "alpine"],
    ...[["10.0.0.1"], { "a.b": "10.0.0.1" }, undefined, NaN, -0],
  ),
);
const keys = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom<string>(...SPEC_KEYS) },
  { weight: 1, arbitrary: fc.string() },
);
const specs = fc.oneof(
  fc.dictionary(keys, values, { maxKeys: 4 }),
  fc.dictionary(keys, values, { maxKeys: 4 })
    .map((spec) => ({ ...spec, image: "alpine" })),
  fc.jsonValue(),
);
const TIERS = checkTiers({
  render: { memory: "2g", network: { unrestricted: true } },
  "/tmp": { cpus: 0.25, tmpfs: { "/a": "size=32m" } },
}, GRANTS);

const EGRESS = readEgressGrant({ allow: ["a.b", "*.b.b"], deny: ["c.b"] });

/** Whether a network is within what the grant above allows, and has its deny. */
function isWithinEgress(network: CheckedSpec["network"]): boolean {
  if (network === "none" || "unrestricted" in network) return false;
  const { allow, deny } = network.egress;
  return allow.every(({ host }) => host.endsWith(".b")) &&
    deny.some(({ host }) => host === "c.b");
}

Deno.test("checkLaunchSpec refuses any JSON or grants no more than there is to grant", () => {
  let accepted = 0;
  fc.assert(
    fc.property(specs, fc.boolean(), fc.boolean(), (spec, ...options) => {
      const [unrestrictedNetwork, hasEgress] = options;
      const egress = hasEgress ? EGRESS : undefined;
      const grants = { ...GRANTS, unrestrictedNetwork, egress };
      let checked: CheckedSpec;
      try {
        checked = checkLaunchSpec(spec as LaunchSpec, grants, TIERS);
      } catch (error) {
        if (!(error instanceof BackendError)) throw error;
        assert(["spec_refused", "network_refused"].includes(error.code));
        return;
      }
      accepted++;
      const isRender = checked.tier === "render";
      assert(checked.memory >= 6 * MIB);
      assert(checked.memory <= (isRender ? 2048 : 1024) * MIB);
      assert(checked.cpus >= 0.01 && checked.cpus <= 1);
      assert(Number.isInteger(checked.pids) && checked.pids >= 1);
      assert(checked.pids <= 256);
      assert(checked.readOnlyRootfs);
      assert(checked.ttlMs >= 1000 && checked.ttlMs <= grants.ttlMsMax);
      if (checked.network !== "none") {
        const isScoped = "egress" in checked.network;
        assert(isRender || (isScoped && hasEgress));
        assert(unrestrictedNetwork || isScoped);
        assert(!hasEgress || !isScoped || isWithinEgress(checked.network));
      }
      for (const { size } of checked.tmpfs) {
        assert(size > 0 && size <= checked.memory);
      }
      const allowed: readonly string[] = CAP_ADD_ALLOWED;
      assert(checked.capAdd.every((name) => allowed.includes(name)));
      assert(!checked.mounts.some(({ source }) => source === "/"));
      assert(Object.isFrozen(checked));
    }),
    { numRuns: 3000 },
  );
  assert(accepted > 100, `only ${accepted} were accepted`);
});
