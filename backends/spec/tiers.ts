import { completeSpec, type LaunchGrants } from "./complete_spec.ts";
import { nearestName } from "./nearest_name.ts";
import { NETWORK_TIER } from "./network_check.ts";
import { tierEgress } from "./network_grant.ts";
import { asMisuse, refusal } from "./refusal.ts";
import { shown } from "./shown.ts";
import { readSpecFields, SPEC_KEYS, type SpecFields } from "./spec_fields.ts";
import { entriesOf } from "./spec_values.ts";
import { tightenFields } from "./tighten_fields.ts";
import type { TierPreset } from "../tier_preset.ts";

/** A backend's presets by their tiers, checked. */
export type CheckedTiers = ReadonlyMap<string, SpecFields>;

const PRESET_KEYS = SPEC_KEYS.filter((key) => key !== "tier");

/**
 * Checks a backend's presets with the rules for specs.
 *
 * @param tiers The option; nothing is no presets.
 * @param grants What the backend grants.
 * @throws {TypeError} If one of them is wrong, contradicts itself, lives longer
 * than the backend grants, or has a network that its tier is not granted.
 */
export function checkTiers(
  tiers: Readonly<Record<string, TierPreset>> | undefined,
  grants: LaunchGrants,
): CheckedTiers {
  const entries = asMisuse("tiers", () => entriesOf(tiers ?? {}, "the option"));
  return new Map(entries.map(([tier, preset]) => {
    const fields = asMisuse(
      `tiers: the preset of ${shown(tier)}`,
      () => readPreset(tier, preset, grants),
    );
    return [tier, fields];
  }));
}

function readPreset(
  tier: string,
  preset: unknown,
  grants: LaunchGrants,
): SpecFields {
  const fields = {
    ...readSpecFields(preset, "the preset", PRESET_KEYS),
    tier,
  };
  const { network = "none", ttlMs = 0 } = fields;
  if (network !== "none" && tier !== NETWORK_TIER) {
    if ("unrestricted" in network) {
      throw refusal(
        `only the tier ${NETWORK_TIER} may have an unrestricted network`,
      );
    }
    if (grants.egress === undefined) {
      throw refusal(
        `only the tier ${NETWORK_TIER} may have a network without the ` +
          "backend's option egress",
      );
    }
  }
  if (ttlMs > grants.ttlMsMax) {
    throw refusal(`ttlMs is ${ttlMs}, but the most is ${grants.ttlMsMax}`);
  }
  // A spec may bring the image, and the opt-in is looked at with each launch.
  const image = fields.image ?? "any";
  const all = { ...tierGrants(fields, grants), unrestrictedNetwork: true };
  completeSpec({ ...fields, image }, all);
  return Object.freeze(fields);
}

/** What a tier grants: its preset's values, or else the backend's. */
function tierGrants(preset: SpecFields, grants: LaunchGrants): LaunchGrants {
  return {
    ...grants,
    memory: preset.memory ?? grants.memory,
    cpus: preset.cpus ?? grants.cpus,
    pids: preset.pids ?? grants.pids,
    readOnlyRootfs: preset.readOnlyRootfs ?? grants.readOnlyRootfs,
    ttlMsMax: preset.ttlMs ?? grants.ttlMsMax,
    egress: tierEgress(preset.network, grants.egress),
  };
}

/** A spec's values together with its tier's. */
export interface TierFields {
  /** What both say. */
  readonly fields: SpecFields;
  /** What the tier grants. */
  readonly grants: LaunchGrants;
  /** The tier, as messages name it. */
  readonly by: string;
}

/**
 * Brings a spec's values together with the preset of its tier.
 *
 * @param fields What the spec says; it has a tier.
 * @param tiers The presets.
 * @param grants What the backend grants.
 * @throws {BackendError} `spec_refused` if there is no such tier, or the spec is
 * looser than its preset; `network_refused` if its network is.
 */
export function applyTier(
  fields: SpecFields,
  tiers: CheckedTiers,
  grants: LaunchGrants,
): TierFields {
  const tier = fields.tier ?? "";
  const preset = tiers.get(tier);
  if (preset === undefined) throw unknownTier(tier, [...tiers.keys()]);
  const by = `the tier ${shown(tier)}`;
  const granted = tierGrants(preset, grants);
  const tightened = tightenFields(fields, preset, by, granted.memory);
  // The most that it may live is also how long it lives.
  const ttlMs = fields.ttlMs ?? preset.ttlMs;
  return { fields: { ...tightened, ttlMs }, grants: granted, by };
}

function unknownTier(tier: string, known: readonly string[]) {
  if (known.length === 0) {
    return refusal(
      `the spec's tier is ${shown(tier)}, but the backend has no tiers. Give ` +
        "it the option tiers, or launch an image",
    );
  }
  const { name, isClose } = nearestName(tier, known);
  return refusal(
    `there is no tier ${shown(tier)}; ` +
      (isClose ? `did you mean ${name}? ` : "") +
      `The backend's tiers are ${known.map((each) => shown(each)).join(", ")}`,
  );
}
