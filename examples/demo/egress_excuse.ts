import { BackendError } from "@zu/backends/backends";
import { makeForwarderImage } from "@zu/backends/backends/forwarder-image";
import { type EngineClient, engineHost, isLocal } from "./engine_client.ts";

/** The forwarder's image, under a name of the demo's own, which it may replace. */
export const FORWARDER_IMAGE = "localhost/zu-demo-forwarder:1";

/**
 * Makes the image of the forwarder, unless the engine has it, and looks for what
 * else scoped egress takes.
 *
 * @param make What makes the image; {@linkcode makeForwarderImage}, but in tests.
 * @returns Why there can be none on this machine, `undefined` if there can.
 * @throws {BackendError} If it should be possible, and is not.
 */
export async function whyNoEgress(
  client: EngineClient,
  signal: AbortSignal,
  make: typeof makeForwarderImage = makeForwarderImage,
): Promise<string | undefined> {
  return await whyElsewhere(client) ?? await whyNoSocket() ??
    await whyNoForwarder(signal, make);
}

/** An engine that sees other files than these cannot mount the proxy's socket. */
async function whyElsewhere(
  client: EngineClient,
): Promise<string | undefined> {
  const host = engineHost();
  if (!isLocal(host)) return `the engine, ${host}, may be on another machine`;
  const { OperatingSystem: name } = await client.info();
  // It runs the engine in a virtual machine, on Linux, too.
  return /docker desktop/i.test(name)
    ? `the engine is that of ${name}, in a virtual machine`
    : undefined;
}

/** A path may be too long for a socket, or its file system may have none. */
async function whyNoSocket(): Promise<string | undefined> {
  let folder: string | undefined;
  try {
    folder = await Deno.makeTempDir({ prefix: "zu-demo-socket-" });
    const path = `${await Deno.realPath(folder)}/egress.sock`;
    Deno.listen({ transport: "unix", path }).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const where = folder ?? "the folder of temporary files";
    return `no socket can be made in ${where}: ${error.message}`;
  } finally {
    if (folder !== undefined) await Deno.remove(folder, { recursive: true });
  }
}

/** Another system's Deno, or one without glibc, makes no forwarder. */
async function whyNoForwarder(
  signal: AbortSignal,
  make: typeof makeForwarderImage,
): Promise<string | undefined> {
  try {
    const image = FORWARDER_IMAGE;
    await make({ image, replace: true, signal });
    return undefined;
  } catch (error) {
    const isExcuse = error instanceof BackendError &&
      error.code === "unsupported";
    if (isExcuse) return error.message;
    throw error;
  }
}
