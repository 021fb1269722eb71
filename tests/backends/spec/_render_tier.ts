import {
  type CheckedSpec,
  DEFAULT_GRANTS,
} from "../../../backends/spec/complete_spec.ts";
import { checkLaunchSpec } from "../../../backends/spec/launch_spec_check.ts";
import { checkTiers } from "../../../backends/spec/tiers.ts";
import type { LaunchSpec } from "../../../backends/mod.ts";
import type { TierPreset } from "../../../backends/tier_preset.ts";

/** The default grants, with the opt-in to unrestricted networks. */
const GRANTS = { ...DEFAULT_GRANTS, unrestrictedNetwork: true };

/** Checks a spec of the tier "render", with a preset. */
export function launch(
  preset: TierPreset,
  spec: LaunchSpec = {},
  grants = GRANTS,
): CheckedSpec {
  const tiers = checkTiers({ render: { image: "alpine", ...preset } }, grants);
  return checkLaunchSpec({ tier: "render", ...spec }, grants, tiers);
}
