import {
  type AllowEntry,
  allowEntryText,
  entryAllows,
} from "./spec/allow_entry.ts";
import {
  type CheckedImagePolicy,
  readAllowEntry,
  readImagePolicy,
  stricterPull,
} from "./spec/image_policy_check.ts";
import {
  type ImageReference,
  parseImageReference,
} from "./spec/image_reference.ts";
import { asMisuse, refusal } from "./spec/refusal.ts";
import { shown, shownList } from "./spec/shown.ts";
import type { ImagePolicy, PullPolicy } from "./launch_spec.ts";

export type { ImageReference } from "./spec/image_reference.ts";

/** The variable that names registries and repositories to allow. */
export const ENV_IMAGE_ALLOW = "ZU_IMAGE_REGISTRY_ALLOWLIST";

/**
 * What may be launched where neither the backend nor its environment says it:
 * Docker's own registry, and local ones at any port.
 */
export const DEFAULT_IMAGE_ALLOW: readonly string[] = Object.freeze([
  "docker.io",
  "localhost",
]);

const BACKEND_POLICY = "the backend's image policy";
const SPEC_POLICY = "the spec's image policy";

/** Who has a say in which images are launched. */
export interface ImagePolicies {
  /** The backend's option. */
  readonly backend?: ImagePolicy | undefined;
  /**
   * The value of `ZU_IMAGE_REGISTRY_ALLOWLIST`: entries, apart by commas or
   * spaces. They are allowed beside those of the backend's option.
   */
  readonly env?: string | undefined;
  /** The spec's own, which can only narrow what the others allow. */
  readonly spec?: ImagePolicy | undefined;
}

/** An image that may be launched. */
export interface AllowedImage {
  /** Its name, taken apart. */
  readonly reference: ImageReference;
  /** Whether it is to be fetched. */
  readonly pull: PullPolicy;
}

/**
 * Whether an image may be launched. Contacts nothing.
 *
 * An allow-list's entry covers the images whose full name begins with it, up to
 * the end of a path segment: `docker.io/library` covers `alpine`, and
 * `example.com/team` does not cover `example.com/teamwork/x`. `localhost` covers
 * `localhost` at every port. An entry without a registry is read as Docker reads
 * names: `alpine` is `docker.io/library/alpine`, and `team/*` is
 * `docker.io/team`.
 *
 * An image's id does not tell where the image came from. It is therefore allowed
 * only where nobody gave an allow-list, and counts as pinned. It is never pulled.
 *
 * @param image The image's name.
 * @param policies What the operator and the spec ask for.
 * @returns Its parts, and whether to fetch it: `never` if anyone says so, else
 * what the spec says, else the backend, else `missing`.
 * @throws {TypeError} If a policy has an entry that is none, or is no policy.
 * @throws {BackendError} `spec_refused` if it is no image's name, `image_refused`
 * if a policy does not allow it.
 */
export function checkImage(
  image: string,
  policies: ImagePolicies = {},
): AllowedImage {
  const backend = asMisuse(
    BACKEND_POLICY,
    () => readImagePolicy(policies.backend ?? {}),
  );
  const spec = asMisuse(
    SPEC_POLICY,
    () => readImagePolicy(policies.spec ?? {}),
  );
  const env = asMisuse(ENV_IMAGE_ALLOW, () => readEnvEntries(policies.env));
  const reference = parseImageReference(image);
  const lists = [operatorList(backend, env)];
  if (spec.allow !== undefined) {
    lists.push({ by: SPEC_POLICY, entries: spec.allow, isDefault: false });
  }
  for (const list of lists) checkSource(image, reference, list);
  if (reference.digest === undefined) {
    if (backend.pinned) throw notPinned(image, reference, BACKEND_POLICY);
    if (spec.pinned) throw notPinned(image, reference, SPEC_POLICY);
  }
  const pull = stricterPull(backend.pull, spec.pull) ?? "missing";
  return { reference, pull: reference.registry === null ? "never" : pull };
}

/**
 * Checks a backend's image policy and the environment's when they are given,
 * rather than at the first launch.
 *
 * @param policies The two.
 * @throws {TypeError} If an entry is none, or the option is no policy.
 */
export function checkImagePolicies(
  policies: Pick<ImagePolicies, "backend" | "env">,
): void {
  asMisuse(
    BACKEND_POLICY,
    () => readImagePolicy(policies.backend ?? {}),
  );
  asMisuse(ENV_IMAGE_ALLOW, () => readEnvEntries(policies.env));
}

/** An allow-list. */
interface AllowList {
  /** Whose it is. */
  readonly by: string;
  readonly entries: readonly AllowEntry[];
  /** Whether nobody gave it. */
  readonly isDefault: boolean;
}

function readEnvEntries(text = ""): AllowEntry[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== "")
    .map((entry) => readAllowEntry(entry, "an entry"));
}

function operatorList(
  backend: CheckedImagePolicy,
  env: readonly AllowEntry[],
): AllowList {
  const givers: string[] = [];
  if (backend.allow !== undefined) givers.push(BACKEND_POLICY);
  if (env.length > 0) givers.push(ENV_IMAGE_ALLOW);
  const isDefault = givers.length === 0;
  return {
    by: isDefault ? "the default image policy" : givers.join(" with "),
    entries: isDefault
      ? DEFAULT_IMAGE_ALLOW.map((registry) => ({ registry, path: "" }))
      : [...backend.allow ?? [], ...env],
    isDefault,
  };
}

function checkSource(
  image: string,
  reference: ImageReference,
  { by, entries, isDefault }: AllowList,
): void {
  const isId = reference.registry === null;
  const isAllowed = isId
    ? isDefault
    : entries.some((entry) => entryAllows(entry, reference));
  if (isAllowed) return;
  const why = isId
    ? "an id does not tell where the image came from"
    : `in full it is ${reference.name}`;
  const allowed = shownList(entries.map(allowEntryText));
  throw refusal(
    `${by} does not allow the image ${shown(image)}: ${why}. What it allows ` +
      `is ${allowed}`,
    "image_refused",
  );
}

function notPinned(image: string, { name }: ImageReference, by: string) {
  return refusal(
    `${by} asks for images that are pinned, and ${
      shown(image)
    } is not; write ` +
      `its digest: ${name}@sha256:…`,
    "image_refused",
  );
}
