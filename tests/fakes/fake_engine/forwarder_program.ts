import type { FakeContainer } from "./fake_container.ts";
import { isJson } from "./http_request.ts";
import type { FakeImage } from "./image_store.ts";
import type { ProgramIo } from "./programs.ts";

/** The name of the program, as an image's entrypoint has it. */
export const FORWARDER_PROGRAM = "/zu/forwarder";

/** An image of a forwarder, for an engine that runs {@linkcode forwarder}. */
export const FORWARDER_FAKE_IMAGE: FakeImage = {
  entrypoint: [FORWARDER_PROGRAM],
  user: "65533:65533",
};

/** Where the proxy's socket is mounted. */
const SOCKET = "/zu/egress.sock";

/** What listens in a network, by the container whose network it is. */
const networks = new WeakMap<FakeContainer, () => Promise<Deno.Conn>>();

/**
 * A forwarder: it connects to the socket that is mounted in its container, says
 * that it is ready, in the words that it was given, and ends with its input. What
 * connects to it within its network is connected to that socket.
 */
export async function forwarder(
  [, ready = ""]: readonly string[],
  io: ProgramIo,
): Promise<number> {
  const { container } = io;
  const conns = new Set<Deno.Conn>();
  const folder = Deno.makeTempDirSync({ prefix: "fake-mount-" });
  try {
    // As with a mount, the socket stays in reach when its name is taken away.
    const path = `${folder}/sock`;
    Deno.linkSync(mountedAt(container, SOCKET), path);
    const dial = async () => {
      const conn = await Deno.connect({ transport: "unix", path });
      conns.add(conn);
      return conn;
    };
    (await dial()).close();
    networks.set(container, dial);
    await io.stdout(`${ready}\n`);
    for await (const _ of io.stdin);
    return 0;
  } finally {
    networks.delete(container);
    for (const conn of conns) closeQuietly(conn);
    Deno.removeSync(folder, { recursive: true });
  }
}

/**
 * Sends its argument to the forwarder of its network, and prints what comes back;
 * `CR LF` is written `|`.
 */
export async function ask(
  [, text = ""]: readonly string[],
  io: ProgramIo,
): Promise<number> {
  const dial = networks.get(io.container.networkOwner);
  if (dial === undefined) {
    await io.stderr("connection refused\n");
    return 1;
  }
  const conn = await dial();
  try {
    await conn.write(new TextEncoder().encode(text.replaceAll("|", "\r\n")));
    for await (const bytes of conn.readable) await io.stdout(bytes);
    return 0;
  } catch {
    // It was cut, as by the end of the forwarder.
    return 2;
  } finally {
    closeQuietly(conn);
  }
}

function mountedAt({ hostConfig }: FakeContainer, target: string): string {
  const { Mounts } = hostConfig;
  const mounts = Array.isArray(Mounts) ? Mounts.filter(isJson) : [];
  const found = mounts.find(({ Target }) => Target === target);
  return String(found?.["Source"] ?? target);
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
