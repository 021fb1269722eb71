import type { LaunchSpec } from "./launch_spec.ts";

/**
 * What a backend's operator fixes for a tier of a run. A spec that names the tier
 * has each of these values, and may only repeat it or be stricter: less memory,
 * some of the mounts, `network: "none"`. What a preset leaves out is as the backend
 * grants it.
 *
 * A preset may grant more memory, processors and processes than the backend does
 * otherwise, and an image that can be written to, since the operator wrote it. Only
 * the tier `render` may have an unrestricted network, and other tiers a scoped one
 * only where the backend's option `egress` is set.
 */
export type TierPreset = Omit<LaunchSpec, "tier">;
