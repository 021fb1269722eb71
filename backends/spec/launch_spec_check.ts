import {
  type CheckedSpec,
  completeSpec,
  type LaunchGrants,
} from "./complete_spec.ts";
import { readSpecFields } from "./spec_fields.ts";
import { applyTier, type CheckedTiers } from "./tiers.ts";
import type { LaunchSpec } from "../launch_spec.ts";

/**
 * Checks a spec at the door: what it says is valid, it is granted, and it does not
 * contradict itself. The spec may be any JSON, and is read once and copied, so that
 * nothing that becomes of it later changes the result. Contacts nothing.
 *
 * What only the host or the engine can tell is checked elsewhere: where links lead
 * (`checkMountSource` again, with the real path), which image is allowed
 * (`checkImage`), whether the engine has the runtime.
 *
 * @param spec The spec.
 * @param grants What the backend grants.
 * @param tiers The backend's presets, from `checkTiers`.
 * @returns The spec that may be launched; frozen.
 * @throws {BackendError} `spec_refused` or `network_refused`, naming the key.
 */
export function checkLaunchSpec(
  spec: LaunchSpec,
  grants: LaunchGrants,
  tiers: CheckedTiers = new Map(),
): CheckedSpec {
  const fields = readSpecFields(spec);
  if (fields.tier === undefined) return completeSpec(fields, grants);
  const granted = applyTier(fields, tiers, grants);
  return completeSpec(granted.fields, granted.grants, granted.by);
}
