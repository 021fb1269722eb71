import {
  type AllowEntry,
  allowEntryText,
  intersectEntries,
  parseAllowEntry,
} from "./allow_entry.ts";
import {
  booleanOf,
  fieldsOf,
  listOf,
  oneOf,
  textOf,
  wrong,
} from "./spec_values.ts";
import type { ImagePolicy, PullPolicy } from "../launch_spec.ts";

const ENTRIES_MAX = 256;
const KEYS = ["allow", "pinned", "pull"] as const satisfies readonly (
  keyof ImagePolicy
)[];
const PULL = ["never", "missing", "always"] as const satisfies readonly (
  PullPolicy
)[];

/** An image policy whose entries have been read. */
export interface CheckedImagePolicy {
  /** What it allows; undefined if it does not say. */
  readonly allow: readonly AllowEntry[] | undefined;
  /** Whether an image must be named by its digest. */
  readonly pinned: boolean;
  /** Whether an image is fetched; undefined if it does not say. */
  readonly pull: PullPolicy | undefined;
}

/**
 * Checks an image policy that may be anything.
 *
 * @param value The policy.
 * @param what What it is, as messages name it.
 * @throws {BackendError} `spec_refused`, naming the entry.
 */
export function readImagePolicy(
  value: unknown,
  what = "imagePolicy",
): CheckedImagePolicy {
  const fields = fieldsOf(value, what, KEYS);
  const allow = fields.get("allow");
  const pinned = fields.get("pinned");
  const pull = fields.get("pull");
  return {
    allow: allow === undefined
      ? undefined
      : listOf(allow, `${what}.allow`, ENTRIES_MAX).map((entry) =>
        readAllowEntry(entry, `an entry of ${what}.allow`)
      ),
    pinned: pinned === undefined ? false : booleanOf(pinned, `${what}.pinned`),
    pull: pull === undefined ? undefined : oneOf(pull, `${what}.pull`, PULL),
  };
}

/** Reads an allow-list's entry that may be anything. */
export function readAllowEntry(value: unknown, what: string): AllowEntry {
  return parseAllowEntry(textOf(value, what, 512)) ?? wrong(
    what,
    value,
    "it must be a registry or a repository, such as docker.io, " +
      "localhost:5000 or docker.io/library/alpine, without a tag or digest",
  );
}

/** The policy that asks for all that two policies ask for. */
export function narrowImagePolicy(
  preset: CheckedImagePolicy,
  own: CheckedImagePolicy,
): CheckedImagePolicy {
  return {
    allow: preset.allow === undefined || own.allow === undefined
      ? preset.allow ?? own.allow
      : intersectEntries(preset.allow, own.allow),
    pinned: preset.pinned || own.pinned,
    pull: stricterPull(preset.pull, own.pull),
  };
}

/**
 * Which of two pull policies holds: `never` is the stricter one, wherever it
 * comes from, since nothing is then fetched; of the others the spec's, as each
 * of them may bring what the registry has.
 */
export function stricterPull(
  given: PullPolicy | undefined,
  own: PullPolicy | undefined,
): PullPolicy | undefined {
  return given === "never" ? given : own ?? given;
}

/** A checked policy as a policy again. */
export function imagePolicyOf(policy: CheckedImagePolicy): ImagePolicy {
  const { allow, pinned, pull } = policy;
  return Object.freeze({
    ...(allow === undefined
      ? {}
      : { allow: Object.freeze(allow.map(allowEntryText)) }),
    pinned,
    ...(pull === undefined ? {} : { pull }),
  });
}
