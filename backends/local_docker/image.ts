import type { Readable } from "node:stream";
import { BackendError } from "../backend_error.ts";
import type { PullPolicy } from "../launch_spec.ts";
import type { LaunchOptions, PullProgress } from "../sandbox_backend.ts";
import type { Engine } from "./engine.ts";

/** What is needed of an image. */
export interface Image {
  /** Its id, which names this one image for good. */
  readonly id: string;
  /** Whom it says programs run as; empty for root. */
  readonly user: string;
  /** Its environment, as `NAME=value`. */
  readonly env: readonly string[];
  /** Folders that the engine would put on the host's disk, without a bound. */
  readonly volumes: readonly string[];
}

/** Options of {@linkcode ensureImage}. */
export interface ImageOptions extends LaunchOptions {
  /** How long a look for the image may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** A line of a pull's progress, as the engine writes it. */
interface PullLine {
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly progressDetail?: {
    readonly current?: number;
    readonly total?: number;
  };
}

/** A line longer than this is no progress. */
const LINE_CHARS_MAX = 1024 * 1024;
/** How long the engine may take to begin with a pull, and with any line of it. */
const PULL_SILENCE_MS = 120_000;

/**
 * Finds an image, and pulls it where the policy says so.
 *
 * @param name The image, with a tag or digest.
 * @throws {BackendError} `image_unavailable`.
 */
export async function ensureImage(
  engine: Engine,
  name: string,
  pull: PullPolicy,
  options: ImageOptions,
): Promise<Image> {
  if (pull === "always") await pullImage(engine, name, options);
  const found = await findImage(engine, name, options);
  if (found !== undefined) return found;
  if (pull === "never") {
    throw unavailable(name, "is not there, and the policy is never to pull");
  }
  if (pull === "missing") await pullImage(engine, name, options);
  const pulled = await findImage(engine, name, options);
  if (pulled === undefined) {
    throw unavailable(name, "was pulled, but is not there");
  }
  return pulled;
}

async function findImage(
  engine: Engine,
  name: string,
  { signal, timeoutMs }: ImageOptions,
): Promise<Image | undefined> {
  try {
    const { Id, Config } = await engine.json<
      {
        Id: string;
        Config: {
          User?: string;
          Env?: string[] | null;
          Volumes?: Record<string, unknown> | null;
        } | null;
      }
    >({
      method: "GET",
      path: `/images/${name}/json`,
      what: `find the image ${name}`,
      codes: { 404: "image_unavailable" },
      signal,
      timeoutMs,
    }, {
      "Id": "string",
      "Config": "object?",
      "Config.Env": "list?",
      "Config.Volumes": "object?",
    });
    return {
      id: Id,
      user: Config?.User ?? "",
      env: Config?.Env ?? [],
      volumes: Object.keys(Config?.Volumes ?? {}),
    };
  } catch (error) {
    if (error instanceof BackendError && error.code === "image_unavailable") {
      return undefined;
    }
    throw error;
  }
}

async function pullImage(
  engine: Engine,
  name: string,
  { signal, onPullProgress }: LaunchOptions,
): Promise<void> {
  const stream = await engine.stream({
    method: "POST",
    path: "/images/create",
    query: { fromImage: name },
    what: `pull the image ${name}`,
    codes: { 404: "image_unavailable", 500: "image_unavailable" },
    timeoutMs: PULL_SILENCE_MS,
    signal,
  });
  const abort = () => stream.destroy();
  let silence = setTimeout(abort, PULL_SILENCE_MS);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    for await (const line of jsonLines(stream)) {
      clearTimeout(silence);
      silence = setTimeout(abort, PULL_SILENCE_MS);
      if (line.error !== undefined) throw unavailable(name, line.error);
      onPullProgress?.(progress(name, line));
    }
    signal?.throwIfAborted();
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof BackendError) throw cause;
    throw unavailable(name, `its pull broke off: ${cause}`, cause);
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener("abort", abort);
    stream.destroy();
  }
}

function progress(
  image: string,
  { status = "", id, progressDetail = {} }: PullLine,
): PullProgress {
  const { current, total } = progressDetail;
  return {
    image,
    status,
    ...(id !== undefined && { layer: id }),
    ...(current !== undefined && { current }),
    ...(total !== undefined && { total }),
  };
}

async function* jsonLines(stream: Readable): AsyncGenerator<PullLine> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    if (rest.length > LINE_CHARS_MAX) throw new Error("a line has no end");
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line);
  }
  if (rest.trim() !== "") yield JSON.parse(rest);
}

function unavailable(
  name: string,
  found: string,
  cause?: unknown,
): BackendError {
  return new BackendError(
    "image_unavailable",
    `Cannot launch ${name}: the image ${found}. Load it into the engine, or let ` +
      "it be pulled",
    cause === undefined ? undefined : { cause },
  );
}
