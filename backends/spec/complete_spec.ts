import {
  type CheckedImagePolicy,
  imagePolicyOf,
} from "./image_policy_check.ts";
import { memoryText } from "./memory_size.ts";
import {
  checkDistinctTargets,
  type CheckedMount,
  checkMountSource,
} from "./mount_check.ts";
import type {
  CheckedSpec as PublicSpec,
  LaunchGrants as PublicGrants,
} from "./checked_spec.ts";
import { checkHostNames } from "./host_names_check.ts";
import type { CheckedNetwork } from "./network_check.ts";
import { grantNetwork } from "./network_grant.ts";
import { refusal } from "./refusal.ts";
import type { SpecFields } from "./spec_fields.ts";
import { frozenRecord } from "./spec_values.ts";
import {
  type CheckedTmpfs,
  completeTmpfs,
  parseTmpfsOptions,
  type TmpfsOptions,
} from "./tmpfs_options.ts";
import type { EgressGrant } from "../egress/egress_grant.ts";
import type { CheckedEgress } from "../egress/egress_policy_check.ts";
import type { ImagePolicy } from "../launch_spec.ts";

/** What a backend grants, once it has been read. */
export interface LaunchGrants extends Omit<PublicGrants, "egress"> {
  /** Scoped egress; undefined leaves it to the tier `render`. */
  readonly egress: EgressGrant | undefined;
}

/** What a backend grants when it is told nothing else. */
export const DEFAULT_GRANTS: LaunchGrants = Object.freeze({
  memory: 2 ** 30,
  cpus: 1,
  pids: 256,
  readOnlyRootfs: true,
  ttlMsMax: 86_400_000,
  socketPaths: Object.freeze([]),
  unrestrictedNetwork: false,
  egress: undefined,
});

/** How long a sandbox lives when not told: an hour. */
export const TTL_MS_DEFAULT = 3_600_000;

/** What is writable where nothing else is said. */
const TMPFS_DEFAULT: ReadonlyMap<string, TmpfsOptions> = new Map([
  ["/tmp", parseTmpfsOptions("", "tmpfs")],
]);

/** A spec that may be launched, as the backend sees it. */
export interface CheckedSpec extends Omit<PublicSpec, "network"> {
  /** What can be reached. */
  readonly network: CheckedNetwork;
  /**
   * The most that the allow-list of its egress may become: what the preset and
   * the backend grant. Undefined is whatever is public.
   */
  readonly egressCeiling: CheckedEgress | undefined;
}

/**
 * Fills in what a spec leaves open, and refuses what is more than was granted or
 * contradicts itself.
 *
 * @param fields What the spec says.
 * @param grants The ceilings.
 * @param by Who grants, as messages name it.
 * @throws {BackendError} `spec_refused` or `network_refused`
 */
export function completeSpec(
  fields: SpecFields,
  grants: LaunchGrants,
  by = "the backend",
): CheckedSpec {
  if (fields.image === undefined) throw noImage(fields.tier);
  const atMost = (
    key: "memory" | "cpus" | "pids",
    show: (amount: number) => string = String,
  ): number => {
    const amount = fields[key] ?? grants[key];
    if (amount <= grants[key]) return amount;
    throw tooMuch(key, show(amount), `${by} grants ${show(grants[key])}`);
  };
  const memory = atMost("memory", memoryText);
  const mounts = fields.mounts ?? [];
  for (const { source } of mounts) {
    checkMountSource(source, grants.socketPaths);
  }
  const { extraHosts = frozenRecord([]), dns = Object.freeze([]) } = fields;
  const { network, egressCeiling } = grantNetwork({
    network: fields.network ?? "none",
    tier: fields.tier,
    unrestricted: grants.unrestrictedNetwork,
    egress: grants.egress,
    by,
  });
  checkHostNames({ extraHosts, dns }, network);
  return Object.freeze({
    image: fields.image,
    tier: fields.tier,
    command: fields.command,
    env: fields.env ?? frozenRecord([]),
    workdir: fields.workdir,
    user: fields.user,
    labels: fields.labels ?? frozenRecord([]),
    memory,
    cpus: atMost("cpus"),
    pids: atMost("pids"),
    readOnlyRootfs: readOnlyRootfs(fields, grants, by),
    tmpfs: completeAllTmpfs(fields.tmpfs, mounts, memory),
    extraHosts,
    dns,
    seccomp: fields.seccomp,
    runtime: fields.runtime,
    capAdd: fields.capAdd ?? Object.freeze([]),
    mounts,
    network,
    egressCeiling,
    imagePolicy: policyOf(fields.imagePolicy),
    ttlMs: ttlMs(fields, grants, by),
  });
}

function noImage(tier: string | undefined) {
  return refusal(
    tier === undefined
      ? "the spec has neither an image nor a tier. Give one"
      : `neither the spec nor the preset of tier "${tier}" has an image. Give one`,
  );
}

function tooMuch(key: string, amount: string, granted: string) {
  return refusal(
    `${key} is ${amount}, but ${granted}, and a spec can only tighten`,
  );
}

function readOnlyRootfs(
  fields: SpecFields,
  grants: LaunchGrants,
  by: string,
): boolean {
  const isReadOnly = fields.readOnlyRootfs ?? grants.readOnlyRootfs;
  if (isReadOnly || !grants.readOnlyRootfs) return isReadOnly;
  throw tooMuch("readOnlyRootfs", "false", `${by} grants a read-only one`);
}

function ttlMs(fields: SpecFields, grants: LaunchGrants, by: string): number {
  const { ttlMsMax } = grants;
  const ms = fields.ttlMs ?? Math.min(TTL_MS_DEFAULT, ttlMsMax);
  if (ms <= ttlMsMax) return ms;
  throw tooMuch("ttlMs", String(ms), `${by} grants ${ttlMsMax}`);
}

function completeAllTmpfs(
  asked: ReadonlyMap<string, TmpfsOptions> | undefined,
  mounts: readonly CheckedMount[],
  memory: number,
): readonly CheckedTmpfs[] {
  const folders = new Map(asked ?? TMPFS_DEFAULT);
  if (asked === undefined) {
    // What nobody asked for gives way to what somebody did ask for.
    for (const { target } of mounts) folders.delete(target);
  }
  checkDistinctTargets(mounts, folders.keys());
  return Object.freeze(
    Array.from(
      folders,
      ([target, options]) => completeTmpfs(target, options, memory),
    ),
  );
}

function policyOf(
  policy: CheckedImagePolicy | undefined,
): ImagePolicy | undefined {
  return policy === undefined ? undefined : imagePolicyOf(policy);
}
