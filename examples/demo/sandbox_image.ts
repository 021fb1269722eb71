import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { BackendError } from "@zu/backends/backends";
import type { EngineClient } from "./engine_client.ts";
import { isStaticProgram } from "./static_program.ts";
import { packTar } from "./tar.ts";

/** Where Debian and Alpine have it. */
const PLACES = ["/bin/busybox", "/bin/busybox.static"];
/** What the tools need, and what a sandbox waits with. */
const APPLETS = ["sh", "sleep", "wc", "wget"];
const REPOSITORY = "localhost/zu-demo";
const TAG_CHARS = 12;

/**
 * Makes an image of the machine's own busybox, unless the engine has it: there
 * need not be a registry.
 *
 * @returns Its name, in which stands what it is made of.
 * @throws {BackendError} `unsupported` if there is no static busybox;
 * `image_unavailable` if the engine does not take the image.
 */
export async function makeImage(
  client: EngineClient,
  places: readonly string[] = PLACES,
): Promise<string> {
  const tar = packImage(await readBusybox(places));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", tar));
  const tag = digest.toHex().slice(0, TAG_CHARS);
  const name = `${REPOSITORY}:${tag}`;
  if (await hasImage(client, name)) return name;
  const answer = await importImage(client, tar, tag);
  if (await hasImage(client, name)) return name;
  throw new BackendError(
    "image_unavailable",
    `Cannot import the image ${name}: the engine said ${answer.trim()}`,
  );
}

async function readBusybox(places: readonly string[]): Promise<Uint8Array> {
  for (const place of places) {
    try {
      const bytes = await Deno.readFile(place);
      if (isStaticProgram(bytes)) return bytes;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new BackendError(
    "unsupported",
    `Cannot make an image: there is no static busybox at ${
      places.join(" or ")
    }. Install busybox-static`,
  );
}

function packImage(busybox: Uint8Array): Uint8Array<ArrayBuffer> {
  return packTar([
    { path: "bin/", type: "folder", mode: 0o755 },
    { path: "tmp/", type: "folder", mode: 0o1777 },
    { path: "bin/busybox", type: "file", mode: 0o755, body: busybox },
    ...APPLETS.map((name) => {
      const path = `bin/${name}`;
      return { path, type: "link", mode: 0o777, target: "busybox" } as const;
    }),
  ]);
}

async function hasImage(client: EngineClient, name: string): Promise<boolean> {
  try {
    await client.getImage(name).inspect();
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw failure(`Cannot look for the image ${name}`, error);
  }
}

/** Imports a tar, and returns what the engine said meanwhile. */
async function importImage(
  client: EngineClient,
  tar: Uint8Array,
  tag: string,
): Promise<string> {
  try {
    const body = Readable.from([Buffer.from(tar)]);
    const answer = await client.importImage(body, { repo: REPOSITORY, tag });
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of answer) {
      text += decoder.decode(bytes, { stream: true });
    }
    return text;
  } catch (error) {
    throw failure(`Cannot import the image ${REPOSITORY}:${tag}`, error);
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number } | undefined)?.statusCode;
}

/** What dockerode throws has no code that a caller could tell it by. */
function failure(what: string, cause: unknown): BackendError {
  const found = cause instanceof Error ? cause.message : String(cause);
  return new BackendError("image_unavailable", `${what}: ${found}`, { cause });
}
