import type { CheckedSpec, LaunchGrants } from "./spec/checked_spec.ts";
import { DEFAULT_GRANTS as DEFAULTS } from "./spec/complete_spec.ts";
import { checkLaunchSpec as checkWithTiers } from "./spec/launch_spec_check.ts";
import { networkOf } from "./spec/network_check.ts";
import { checkTiers } from "./spec/tiers.ts";
import { readEgressGrant } from "./egress/egress_grant.ts";
import type { LaunchSpec } from "./launch_spec.ts";
import type { TierPreset } from "./tier_preset.ts";

export type { CheckedSpec, LaunchGrants } from "./spec/checked_spec.ts";
export type { CheckedMount } from "./spec/mount_check.ts";
export type { CheckedTmpfs, TmpfsOptions } from "./spec/tmpfs_options.ts";

/** What a backend grants when it is told nothing else. */
export const DEFAULT_GRANTS: LaunchGrants = Object.freeze({
  ...DEFAULTS,
  egress: undefined,
});

/**
 * Checks a spec at the door, as every backend has to: what it says is valid, it
 * only tightens what is granted, and it does not contradict itself. Contacts
 * nothing. Which images are allowed is `checkImage`'s to say.
 *
 * @param spec The spec, which may be anything.
 * @param grants What the backend grants: {@linkcode DEFAULT_GRANTS} and the like.
 * @param tiers The operator's presets.
 * @returns A frozen copy, with every value in one form and every default filled
 * in.
 * @throws {BackendError} `spec_refused` or `network_refused`, naming the key.
 * @throws {TypeError} If a preset or what is granted of egress makes no sense.
 *
 * @example
 * ```ts
 * import { checkLaunchSpec, DEFAULT_GRANTS } from "@zu/backends/backends";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const spec = { image: "alpine", memory: "64m" };
 * assertEquals(checkLaunchSpec(spec, DEFAULT_GRANTS).memory, 67_108_864);
 * assertThrows(() => checkLaunchSpec({ ...spec, pids: 0 }, DEFAULT_GRANTS));
 * ```
 */
export function checkLaunchSpec(
  spec: LaunchSpec,
  grants: LaunchGrants,
  tiers: Readonly<Record<string, TierPreset>> = {},
): CheckedSpec {
  const granted = { ...grants, egress: readEgressGrant(grants.egress) };
  const { network, egressCeiling: _, ...rest } = checkWithTiers(
    spec,
    granted,
    checkTiers(tiers, granted),
  );
  return Object.freeze({ ...rest, network: networkOf(network) });
}
