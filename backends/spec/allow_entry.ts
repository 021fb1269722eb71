import {
  DEFAULT_REGISTRY,
  type ImageReference,
  isRegistry,
  isRegistryName,
  isRepositoryPath,
  registryName,
  splitRegistry,
} from "./image_reference.ts";

/** The beginning of full image names, as an entry of an allow-list says it. */
export interface AllowEntry {
  /** The registry. */
  readonly registry: string;
  /** What its repositories begin with; empty for all of them. */
  readonly path: string;
}

/**
 * Reads an entry of an allow-list. One that names a registry is what it says:
 * `docker.io`, `localhost:5000`, `example.com/team`. Any other is read as Docker
 * reads names: `alpine` is `docker.io/library/alpine`, `team/app` is
 * `docker.io/team/app`, and so `team/` and `team/*` are `docker.io/team`.
 *
 * @param text The entry, which may end in `/` or `/*`.
 * @returns Undefined if it is none: it has a tag, a digest, a scheme…
 */
export function parseAllowEntry(text: string): AllowEntry | undefined {
  const name = text.replace(/\/\*?$/, "");
  const isBeginning = name !== text;
  const entry = readName(name, isBeginning);
  const isValid = isRegistryName(entry.registry) &&
    (entry.path === "" || isRepositoryPath(entry.path));
  return isValid ? entry : undefined;
}

function readName(name: string, isBeginning: boolean): AllowEntry {
  if (name.includes("/")) {
    const { registry, rest } = splitRegistry(name);
    // A slash with nothing behind it is no path.
    return { registry, path: rest === "" ? "/" : rest };
  }
  if (isRegistry(name)) return { registry: registryName(name), path: "" };
  const path = isBeginning || name === "" ? name || "/" : `library/${name}`;
  return { registry: DEFAULT_REGISTRY, path };
}

/** An entry in full, which reads as the same entry again. */
export function allowEntryText({ registry, path }: AllowEntry): string {
  return path === "" ? registry : `${registry}/${path}`;
}

/** Whether an entry allows an image; of an id nobody can tell where it is from. */
export function entryAllows(entry: AllowEntry, image: ImageReference): boolean {
  return image.registry !== null &&
    covers(entry, { registry: image.registry, path: image.repository });
}

/** Whether all that one entry allows is also allowed by another. */
function covers(wide: AllowEntry, narrow: AllowEntry): boolean {
  const isRegistryOf = wide.registry === narrow.registry ||
    (wide.registry === "localhost" && /^localhost:\d+$/.test(narrow.registry));
  return isRegistryOf &&
    (wide.path === "" || wide.path === narrow.path ||
      narrow.path.startsWith(`${wide.path}/`));
}

/**
 * What two allow-lists both allow, as a list. Two entries either have nothing in
 * common, or one is within the other, but for `localhost/a` and `localhost:1`,
 * which have `localhost:1/a`.
 */
export function intersectEntries(
  left: readonly AllowEntry[],
  right: readonly AllowEntry[],
): AllowEntry[] {
  const both: AllowEntry[] = [];
  for (const one of left) {
    for (const other of right) {
      const common = commonPart(one, other) ?? commonPart(other, one);
      if (common !== undefined) both.push(common);
    }
  }
  return both;
}

/** What is in both, if the second one's registry is in the first one's. */
function commonPart(
  wide: AllowEntry,
  narrow: AllowEntry,
): AllowEntry | undefined {
  const { registry } = narrow;
  if (covers({ ...wide, path: "" }, { registry, path: "" }) === false) {
    return undefined;
  }
  if (covers(wide, narrow)) return narrow;
  const longer = { registry, path: wide.path };
  return covers(narrow, longer) ? longer : undefined;
}
