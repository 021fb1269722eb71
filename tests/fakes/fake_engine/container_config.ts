import { EngineError } from "./engine_error.ts";
import { isJson, type Json } from "./http_request.ts";
import type { StoredImage } from "./image_store.ts";

/**
 * The configuration of a new container: what was asked for, what its image says,
 * and what 20.10 fills in.
 *
 * @param id The container's id.
 * @param asked The body of the request.
 * @param image The image.
 * @throws {EngineError} If there is nothing to run.
 */
export function containerConfigOf(
  id: string,
  asked: Json,
  image: StoredImage,
): Json {
  const { HostConfig: _, NetworkingConfig: __, ...config } = asked;
  // A command of one's own goes to the image's entrypoint, but an entrypoint of
  // one's own does without the image's command.
  const entrypoint = words(asked["Entrypoint"]) ?? image.entrypoint ?? null;
  const cmd = words(asked["Cmd"]) ??
    (words(asked["Entrypoint"]) === undefined ? image.cmd ?? null : null);
  if ((entrypoint?.length ?? 0) + (cmd?.length ?? 0) === 0) {
    throw new EngineError(400, "No command specified");
  }
  const ownEnv = words(asked["Env"]) ?? [];
  const ownNames = new Set(ownEnv.map(nameOf));
  const imageEnv = image.env ?? [];
  const env = [
    ...ownEnv,
    ...imageEnv.filter((entry) => !ownNames.has(nameOf(entry))),
  ];
  return {
    Hostname: id.slice(0, 12),
    Domainname: "",
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Volumes: null,
    OnBuild: null,
    ...config,
    User: asked["User"] || (image.user ?? ""),
    Env: env.length > 0 ? env : null,
    Cmd: cmd,
    Entrypoint: entrypoint,
    WorkingDir: asked["WorkingDir"] || (image.workdir ?? ""),
    Labels: { ...image.labels, ...stringsOf(asked["Labels"]) },
  };
}

/** A list of words, which the API also takes as one; undefined if it is neither. */
export function words(value: unknown): string[] | undefined {
  if (typeof value === "string") return [value];
  return Array.isArray(value) && value.length > 0
    ? value.map(String)
    : undefined;
}

/** An environment by names, from `NAME=value`. */
export function environmentOf(
  ...lists: readonly (unknown)[]
): Record<string, string> {
  const all: Record<string, string> = {};
  for (const list of lists) {
    for (const entry of words(list) ?? []) {
      all[nameOf(entry)] = entry.slice(nameOf(entry).length + 1);
    }
  }
  return all;
}

/** What an object has of strings. */
export function stringsOf(value: unknown): Record<string, string> {
  return isJson(value)
    ? Object.fromEntries(
      Object.entries(value).map(([name, text]) => [name, String(text)]),
    )
    : {};
}

function nameOf(entry: string): string {
  return entry.split("=", 1)[0]!;
}
