import { BackendError } from "../backend_error.ts";
import type { DockerClient } from "../docker_client.ts";
import { FORWARDER_IMAGE } from "../egress/forwarder_contract.ts";
import { quote } from "../files/file_paths.ts";
import { parseImageReference } from "../spec/image_reference.ts";
import { connect } from "../local_docker/connect.ts";
import { Engine } from "../local_docker/engine.ts";
import { findEngine } from "../local_docker/engine_address.ts";
import { exists, readEnv } from "../local_docker/environment.ts";
import { findLibraries, type ProgramFiles } from "./find_libraries.ts";
import { FORWARDER_LABEL, forwarderConfig } from "./image_config.ts";
import { checkedRoot, forwarderDigest } from "./image_root.ts";
import { importImage } from "./import_image.ts";

/** Options of {@linkcode makeForwarderImage}. */
export interface ForwarderImageOptions {
  /**
   * A client of the engine, such as a dockerode instance.
   * @default {one for the engine that is found}
   */
  readonly docker?: DockerClient;
  /**
   * The engine's socket.
   * @default {where `DOCKER_HOST` says, or else where engines usually listen}
   */
  readonly socketPath?: string;
  /**
   * The name that the image gets.
   * @default {"localhost/zu-egress-forwarder:1"}
   */
  readonly image?: string;
  /**
   * The path of the Deno that goes into the image, for this Linux, with glibc.
   * @default {the one that runs this}
   */
  readonly deno?: string;
  /**
   * Whether another image of that name is replaced.
   * @default {false}
   */
  readonly replace?: boolean;
  /** Ends it, with the signal's reason; nothing is left of the image then. */
  readonly signal?: AbortSignal;
}

/** What {@linkcode makeForwarderImage} made, or found. */
export interface ForwarderImage {
  /** Its name. */
  readonly image: string;
  /** Its id, which names this one image for good. */
  readonly id: string;
  /** Whether it was made now; if not, it was there already, and is the same. */
  readonly made: boolean;
}

interface FoundImage {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Config?: {
    readonly Labels?: Readonly<Record<string, string>> | null;
  } | null;
}

/**
 * Makes the image of the forwarder, which sandboxes with scoped egress need, of the
 * Deno that runs this and its libraries, and gives it to the engine. Nothing is
 * fetched from anywhere, and no program is run. The image has no shell and no tools.
 *
 * An image of that name that was made of the same files is left as it is. Which
 * files, it is told by a label; that is no proof, and whoever can use the engine can
 * change both.
 *
 * Needs `--allow-read`, for Deno, its libraries and the engine's socket;
 * `--allow-write` and `--allow-net=unix:` for that socket; and `--allow-env`, which
 * the engine's client needs without names.
 *
 * @param options Engine, name, Deno and cancellation.
 * @returns The image's name and id, and whether it was made now.
 * @throws {TypeError} If `socketPath` or `deno` makes no sense.
 * @throws {BackendError} `spec_refused` if the name is none, or has a digest;
 * `unsupported` if this is no Linux with glibc, or not for the engine's processors;
 * `image_refused` if there is another image of that name, and it is not to be
 * replaced; `file_failed` if a file cannot be read; `engine_unavailable` or
 * `engine_failed`.
 *
 * @example Making it, and using it
 * ```ts ignore
 * import { makeForwarderImage } from "@zu/backends/backends/forwarder-image";
 * import { LocalDockerBackend } from "@zu/backends/backends/local-docker";
 *
 * const { image } = await makeForwarderImage();
 * await using backend = new LocalDockerBackend({
 *   egress: { forwarderImage: image },
 * });
 * ```
 */
export async function makeForwarderImage(
  options: ForwarderImageOptions = {},
): Promise<ForwarderImage> {
  const { replace = false, signal } = options;
  const image = checkName(options.image ?? FORWARDER_IMAGE);
  signal?.throwIfAborted();
  const deno = await findDeno(options.deno);
  const client = options.docker ?? await connect(
    await findEngine({
      socketPath: options.socketPath,
      env: readEnv,
      exists,
      os: Deno.build.os,
    }),
  );
  const engine = new Engine(() => Promise.resolve(client));
  await checkArchitecture(engine, deno, signal);
  const digest = await forwarderDigest(deno, signal);
  const old = await find(engine, image, signal);
  if (old?.Config?.Labels?.[FORWARDER_LABEL] === digest) {
    return { image, id: old.Id, made: false };
  }
  if (old !== undefined && !replace) throw another(image, old);
  await importImage(client, {
    image,
    changes: forwarderConfig(digest),
    root: checkedRoot(deno, digest),
    signal,
  });
  const made = await find(engine, image, signal);
  if (made?.Config?.Labels?.[FORWARDER_LABEL] !== digest) {
    throw new BackendError(
      "engine_failed",
      `Cannot make the image ${image}: the engine took it in, but what has its ` +
        "name is another one. Look whether something else makes it, too",
    );
  }
  if (old !== undefined) await removeReplaced(engine, old, signal);
  return { image, id: made.Id, made: true };
}

/**
 * Finds the Deno that goes into the image.
 *
 * @param path Its path, by default that of the one that runs this.
 * @param build What runs this.
 * @throws {BackendError} `unsupported`, `file_failed`.
 */
export async function findDeno(
  path?: string,
  build: Pick<typeof Deno.build, "os" | "standalone"> = Deno.build,
): Promise<ProgramFiles> {
  if (path === "") throw new TypeError("deno is empty, but it must be a path");
  const found = build.os !== "linux"
    ? `this is ${build.os}, whose programs do not run in containers`
    : build.standalone && path === undefined
    ? "this program was compiled, and has no Deno of its own. Give the option deno"
    : undefined;
  if (found === undefined) return await findLibraries(path ?? Deno.execPath());
  throw new BackendError(
    "unsupported",
    `Cannot make the forwarder's image of the Deno here: ${found}; or make it on ` +
      "a Linux host, or by hand, as the guide's recipe says",
  );
}

/** The name with a tag: the engine would say "latest" for itself. */
function checkName(image: string): string {
  const { registry, tag, digest } = parseImageReference(image);
  if (registry === null || digest !== undefined) {
    throw new BackendError(
      "spec_refused",
      `Cannot make the image ${
        quote(image)
      }: what it is called by is a digest, ` +
        "which it has when it is made. Give a name and a tag",
    );
  }
  return tag === undefined ? `${image}:latest` : image;
}

async function checkArchitecture(
  engine: Engine,
  deno: ProgramFiles,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { Os, Arch } = await engine.json<{ Os?: string; Arch: string }>({
    method: "GET",
    path: "/version",
    what: "see what the engine runs on",
    signal,
  }, { Arch: "string" });
  if (Arch === deno.architecture && (Os ?? "linux") === "linux") return;
  throw new BackendError(
    "unsupported",
    `Cannot make the forwarder's image of ${quote(deno.path)}: it is for ` +
      `linux/${deno.architecture}, and the engine is ${Os}/${Arch}. Make it on ` +
      "the engine's own host, or by hand, as the guide's recipe says",
  );
}

async function find(
  engine: Engine,
  image: string,
  signal: AbortSignal | undefined,
): Promise<FoundImage | undefined> {
  try {
    return await engine.json<FoundImage>({
      method: "GET",
      path: `/images/${image}/json`,
      what: `find the image ${image}`,
      codes: { 404: "image_unavailable" },
      signal,
    }, { Id: "string" });
  } catch (error) {
    const isMissing = error instanceof BackendError &&
      error.code === "image_unavailable";
    if (isMissing) return undefined;
    throw error;
  }
}

/** The one that had the name goes, if it was made here and nothing else names it. */
async function removeReplaced(
  engine: Engine,
  { Id }: FoundImage,
  signal: AbortSignal | undefined,
): Promise<void> {
  const old = await find(engine, Id, signal);
  const isOurs = old?.Config?.Labels?.[FORWARDER_LABEL] !== undefined;
  if (!isOurs || (old?.RepoTags ?? []).length > 0) return;
  await engine.json({
    method: "DELETE",
    path: `/images/${Id}`,
    what: "remove the image that was replaced",
    // Containers that still run keep it; it has no name any more.
    codes: { 404: "image_unavailable", 409: "image_refused" },
    signal,
  }).catch((error: unknown) => {
    const isLeft = error instanceof BackendError &&
      ["image_unavailable", "image_refused"].includes(error.code);
    if (!isLeft) throw error;
  });
}

function another(image: string, { Id, Config }: FoundImage): BackendError {
  const label = Config?.Labels?.[FORWARDER_LABEL];
  const found = label === undefined
    ? "which was not made by this"
    : "which was made of other files, such as another version of Deno";
  return new BackendError(
    "image_refused",
    `Cannot make the image ${image}: there is one of that name, ${Id}, ${found}. ` +
      "Give the option replace, or another name",
  );
}
