import { refusal } from "./refusal.ts";
import { shown } from "./shown.ts";

/** The name of an image, taken apart as Docker does it. */
export interface ImageReference {
  /**
   * Where it comes from, such as `docker.io` or `localhost:5000`; null for an
   * image's id, which says which image it is, and not where it came from.
   */
  readonly registry: string | null;
  /** What it is called there, such as `library/alpine`; empty for an id. */
  readonly repository: string;
  /** Its tag, if one is given. */
  readonly tag?: string;
  /** Its digest, `sha256:` and 64 hex digits, if one is given; an id is one. */
  readonly digest?: string;
  /** Its full name, such as `docker.io/library/alpine`; an id is its own name. */
  readonly name: string;
}

const TEXT_LENGTH_MAX = 1024;
const REPOSITORY_LENGTH_MAX = 255;
const HEX_256 = /^[0-9a-f]{64}$/;
const TAG = /^\w[\w.-]{0,127}$/;
const REGISTRY =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/i;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;

/** The registry of images whose names say none. */
export const DEFAULT_REGISTRY = "docker.io";

/**
 * Takes an image's name apart as Docker does it: `alpine` is
 * `docker.io/library/alpine`, and what is before the first slash is a registry
 * only if it has a dot, a colon or an upper-case letter, or is `localhost`.
 *
 * The id of an image is read when written as `sha256:…`; its digits alone, or a
 * part of them, would mean another image once one of that name is there.
 *
 * @param text The name, as in `docker run`.
 * @returns Its parts.
 * @throws {BackendError} `spec_refused`, saying what is wrong with it.
 */
export function parseImageReference(text: string): ImageReference {
  if (text.length > TEXT_LENGTH_MAX) {
    fail(text, `it is longer than ${TEXT_LENGTH_MAX} characters`);
  }
  if (HEX_256.test(text)) {
    fail(text, `it may be a name or an id. Write an id as sha256:${text}`);
  }
  if (text.startsWith("sha256:") && HEX_256.test(text.slice(7))) {
    return { registry: null, repository: "", digest: text, name: text };
  }
  if (/^[a-z]+:\/\//i.test(text)) fail(text, "leave out what is before //");
  const { rest: tagged, digest } = cutDigest(text);
  const { registry, rest } = splitRegistry(tagged);
  const colon = rest.indexOf(":");
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) {
    fail(text, `${shown(tag)} is no tag: letters, digits, "_", "." and "-"`);
  }
  checkPath(text, path);
  const isOfficial = registry === DEFAULT_REGISTRY && !path.includes("/");
  const repository = isOfficial ? `library/${path}` : path;
  if (!REGISTRY.test(registry)) {
    fail(text, `${shown(registry)} is no registry: a host, maybe with a port`);
  }
  if (repository.length > REPOSITORY_LENGTH_MAX) {
    fail(text, `its repository has over ${REPOSITORY_LENGTH_MAX} characters`);
  }
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    name: `${registry}/${repository}`,
  };
}

/**
 * The text of a reference to hand to an engine, which leaves it nothing to guess:
 * the full name, with its digest, its tag or both, and `:latest` where there is
 * neither. (An engine takes a short name without a tag for the beginning of an
 * id, if it has no image of that name.)
 *
 * @param reference The reference.
 */
export function imageReferenceText(reference: ImageReference): string {
  const { registry, name, tag, digest } = reference;
  if (registry === null) return name;
  if (tag === undefined && digest === undefined) return `${name}:latest`;
  return name + (tag === undefined ? "" : `:${tag}`) +
    (digest === undefined ? "" : `@${digest}`);
}

/**
 * Splits a name without tag and digest from its registry, as Docker does.
 *
 * @param name The name, or the beginning of one.
 */
export function splitRegistry(
  name: string,
): { registry: string; rest: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  if (!isRegistry(first)) return { registry: DEFAULT_REGISTRY, rest: name };
  return { registry: registryName(first), rest: name.slice(slash + 1) };
}

/** Whether the first part of a name is a registry, however badly written. */
export function isRegistry(first: string): boolean {
  return /[.:A-Z]/.test(first) || first === "localhost";
}

/** A registry by its one name. */
export function registryName(registry: string): string {
  return registry === "index.docker.io" ? DEFAULT_REGISTRY : registry;
}

/** Whether text has the form of a registry. */
export function isRegistryName(text: string): boolean {
  return REGISTRY.test(text);
}

/** Whether text has the form of a repository, or of the first parts of one. */
export function isRepositoryPath(text: string): boolean {
  return text.split("/").every((component) => COMPONENT.test(component));
}

function cutDigest(text: string): { rest: string; digest?: string } {
  const at = text.indexOf("@");
  if (at < 0) return { rest: text };
  const digest = text.slice(at + 1);
  const colon = digest.indexOf(":");
  const algorithm = digest.slice(0, Math.max(colon, 0));
  if (algorithm !== "sha256") {
    fail(text, `its digest is of an unknown kind. Write @sha256:…`);
  }
  if (!HEX_256.test(digest.slice(colon + 1))) {
    fail(text, "its digest must be sha256: and 64 lower-case hex digits");
  }
  return { rest: text.slice(0, at), digest };
}

function checkPath(text: string, path: string): void {
  if (isRepositoryPath(path)) return;
  const problem = path === ""
    ? "it has no repository"
    : path !== path.toLowerCase()
    ? "a repository must be in lower case"
    : `${shown(path)} is no repository: lower-case letters and digits, ` +
      `in between "/", ".", "_", "__" or "-"`;
  fail(text, problem);
}

function fail(text: string, problem: string): never {
  throw refusal(`the image ${shown(text)} is no image's name: ${problem}`);
}
