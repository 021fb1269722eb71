import { imageReferenceText, parseImageReference } from "./image_reference.ts";
import { narrowImagePolicy } from "./image_policy_check.ts";
import type { CheckedMount } from "./mount_check.ts";
import { narrowNetwork } from "./network_check.ts";
import { refusal } from "./refusal.ts";
import type { SpecFields, SpecKey } from "./spec_fields.ts";
import { frozenRecord } from "./spec_values.ts";
import { tightenTmpfs } from "./tighten_tmpfs.ts";
import { asksForRoot } from "./user_check.ts";

/**
 * Brings a spec's values together with those of a preset, which are ceilings: the
 * spec may repeat each of them, or be stricter. Amounts and what the grants say of
 * them are compared where the spec is completed.
 *
 * @param own What the spec says.
 * @param preset What the preset says.
 * @param by The preset, as messages name it.
 * @param memoryMax The most memory that the preset grants.
 * @throws {BackendError} `spec_refused` or `network_refused`
 */
export function tightenFields(
  own: SpecFields,
  preset: SpecFields,
  by: string,
  memoryMax: number,
): SpecFields {
  const either = <T>(
    key: SpecKey,
    value: T | undefined,
    ceiling: T | undefined,
    tighten: (value: T, ceiling: T) => T | undefined,
  ): T | undefined => {
    if (value === undefined || ceiling === undefined) return value ?? ceiling;
    const tight = tighten(value, ceiling);
    if (tight !== undefined) return tight;
    throw refusal(
      `${key} is looser than, or other than, what ${by} fixes; leave it out, ` +
        "or only tighten it",
      key === "network" ? "network_refused" : "spec_refused",
    );
  };
  const network = either(
    "network",
    own.network,
    preset.network,
    (value, ceiling) => narrowNetwork(value, ceiling, by),
  );
  // Names that the spec did not ask for are of no use to a stricter network.
  const dropsNames = network !== preset.network && network !== undefined &&
    (network === "none" || !("unrestricted" in network));
  return {
    ...own,
    image: either(
      "image",
      own.image,
      preset.image,
      (value, ceiling) =>
        fullName(value) === fullName(ceiling) ? ceiling : undefined,
    ),
    command: either("command", own.command, preset.command, same),
    workdir: either("workdir", own.workdir, preset.workdir, same),
    seccomp: either("seccomp", own.seccomp, preset.seccomp, same),
    runtime: either("runtime", own.runtime, preset.runtime, same),
    env: either("env", own.env, preset.env, together),
    labels: either("labels", own.labels, preset.labels, together),
    user: either(
      "user",
      own.user,
      preset.user,
      (value, ceiling) =>
        value === ceiling || (asksForRoot(ceiling) && !asksForRoot(value))
          ? value
          : undefined,
    ),
    capAdd: either("capAdd", own.capAdd, preset.capAdd, someOf),
    mounts: either(
      "mounts",
      own.mounts,
      preset.mounts,
      (value, ceiling) =>
        value.every((mount) =>
            ceiling.some((each) => isMountWithin(mount, each))
          )
          ? value
          : undefined,
    ),
    tmpfs: tightenTmpfs(own, preset, by, memoryMax),
    network,
    extraHosts: dropsNames && own.extraHosts === undefined
      ? undefined
      : either("extraHosts", own.extraHosts, preset.extraHosts, someOfRecord),
    dns: dropsNames && own.dns === undefined
      ? undefined
      : either("dns", own.dns, preset.dns, someOf),
    imagePolicy: either(
      "imagePolicy",
      own.imagePolicy,
      preset.imagePolicy,
      (value, ceiling) => narrowImagePolicy(ceiling, value),
    ),
  };
}

function fullName(image: string): string {
  return imageReferenceText(parseImageReference(image));
}

function same<T>(value: T, ceiling: T): T | undefined {
  return JSON.stringify(value) === JSON.stringify(ceiling) ? value : undefined;
}

function someOf<T>(
  value: readonly T[],
  ceiling: readonly T[],
): readonly T[] | undefined {
  return value.every((each) => ceiling.includes(each)) ? value : undefined;
}

type Texts = Readonly<Record<string, string>>;

function someOfRecord(value: Texts, ceiling: Texts): Texts | undefined {
  const isIn = ([key, text]: [string, string]) =>
    Object.hasOwn(ceiling, key) && ceiling[key] === text;
  return Object.entries(value).every(isIn) ? value : undefined;
}

/** All entries of both, of which the preset's have the value that it gives. */
function together(value: Texts, preset: Texts): Texts | undefined {
  const isKept = ([key, text]: [string, string]) =>
    !Object.hasOwn(preset, key) || preset[key] === text;
  if (!Object.entries(value).every(isKept)) return undefined;
  return frozenRecord([...Object.entries(preset), ...Object.entries(value)]);
}

function isMountWithin(mount: CheckedMount, ceiling: CheckedMount): boolean {
  return mount.source === ceiling.source && mount.target === ceiling.target &&
    (mount.readOnly || !ceiling.readOnly);
}
