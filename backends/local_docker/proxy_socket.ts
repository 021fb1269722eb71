import { BackendError } from "../backend_error.ts";
import { isWithin } from "../spec/absolute_path.ts";

/** The longest path of a socket that Linux takes. */
const PATH_BYTES_MAX = 107;

/** A unix socket in a folder of its own, which only this user can look into. */
export interface ProxySocket {
  readonly path: string;
  readonly listener: Deno.Listener;
  /**
   * Removes socket and folder; those who have it mounted can still connect.
   *
   * @throws {BackendError} `network_refused`
   */
  unlink(): Promise<void>;
}

/**
 * Listens on a socket for one forwarder.
 *
 * @param mounted What sandboxes have of this host: in none of that may it be.
 * @throws {BackendError} `network_refused`, if it may not or cannot.
 */
export async function openProxySocket(
  mounted: readonly string[],
): Promise<ProxySocket> {
  let folder: string | undefined;
  try {
    // Nobody else can look into it; who has the socket mounted needs not to.
    folder = await Deno.makeTempDir({ prefix: "zu-egress-" });
    const path = `${await Deno.realPath(folder)}/egress.sock`;
    if (new TextEncoder().encode(path).length > PATH_BYTES_MAX) {
      throw new Error(`${path} is too long for a socket. Set TMPDIR`);
    }
    const shared = mounted.find((source) => isWithin(path, source));
    if (shared !== undefined) {
      throw new Error(`${path} would be in ${shared}, which a sandbox has`);
    }
    const listener = Deno.listen({ transport: "unix", path });
    // Sandboxes that are still open are no reason not to exit.
    listener.unref();
    try {
      // The forwarder is another user than this process.
      await Deno.chmod(path, 0o666);
    } catch (error) {
      listener.close();
      throw error;
    }
    const made = folder;
    return { path, listener, unlink: () => removeFolder(made) };
  } catch (cause) {
    if (folder !== undefined) await removeFolder(folder);
    throw refused("made", cause);
  }
}

async function removeFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw refused("removed", error);
  }
}

function refused(what: string, cause: unknown): BackendError {
  const found = cause instanceof Error ? cause.message : String(cause);
  return new BackendError(
    "network_refused",
    `Cannot launch with scoped egress: its proxy's socket cannot be ${what}: ` +
      `${found}. It takes --allow-read and --allow-write for the folder of ` +
      "temporary files, TMPDIR, which no sandbox may have, and --allow-net",
    { cause },
  );
}
