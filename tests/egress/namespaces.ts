import { output } from "./commands.ts";
import { AT, HOST_INTERNAL, HOST_INTERNAL6 } from "./plan.ts";

/** The network namespaces of a run, by what is in them. */
export interface NamespaceNames {
  /** Where the program with the proxy runs. */
  readonly host: string;
  /** Where attacks are shown to work. */
  readonly control: string;
  /** Where the servers are. */
  readonly world: string;
}

const PREFIX = "zu-eg-";

/**
 * An outside world that leads nowhere: three network namespaces, two of which
 * have a cable into the third. The machine's own network is not touched, no
 * namespace has a default route, and none forwards packets.
 */
export class Namespaces implements AsyncDisposable {
  readonly names: NamespaceNames;
  /** Whether there is IPv6 in them. */
  readonly hasIPv6: boolean;

  private constructor(names: NamespaceNames, hasIPv6: boolean) {
    this.names = names;
    this.hasIPv6 = hasIPv6;
  }

  /**
   * Makes them, after removing those of runs that are dead.
   *
   * @throws {Error} If the system refuses; then none is left.
   */
  static async make(): Promise<Namespaces> {
    await removeStale();
    const run = `${PREFIX}${Deno.pid}-${crypto.randomUUID().slice(0, 4)}`;
    const name = (what: string) => `${run}-${what}`;
    const names = {
      host: name("host"),
      control: name("control"),
      world: name("world"),
    };
    const hasIPv6 = await isThere("/proc/net/if_inet6");
    const made = new Namespaces(names, hasIPv6);
    try {
      await made.#make();
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #make(): Promise<void> {
    const { host, control, world } = this.names;
    await ip(undefined, [
      ...[host, control, world].map((name) => `netns add ${name}`),
      `link add out netns ${host} type veth peer name to-host netns ${world}`,
      `link add out netns ${control} type veth peer name to-control netns ${world}`,
    ]);
    const wires = ["to-host", "to-control"];
    await ip(world, [
      "link set lo up",
      "link add world type bridge",
      ...wires.map((wire) => `link set ${wire} master world up`),
      "link set world up",
      ...[`${AT.allowed}/24`, `${AT.other}/24`, `${AT.resolver}/24`].map(on),
      ...[`${AT.far}/32`, `${AT.metadata}/32`].map(on),
      ...this.#ipv6([`${AT.allowed6}/64`, `${AT.other6}/64`].map(on)),
    ]);
    await ip(host, [
      ...wired(`${AT.host}/24`, this.#ipv6([`${AT.host6}/64`])),
      ...[...HOST_INTERNAL, ...this.#ipv6(HOST_INTERNAL6)].map((address) =>
        `addr add ${address} dev lo`
      ),
    ]);
    await ip(
      control,
      wired(`${AT.control}/24`, this.#ipv6([`${AT.control6}/64`])),
    );
  }

  #ipv6(lines: readonly string[]): readonly string[] {
    return this.hasIPv6 ? lines : [];
  }

  /** Ends what still runs in them, and removes them. Harmless if done before. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of Object.values(this.names)) await remove(name);
  }
}

/** An address on the world's side. */
function on(address: string): string {
  return `addr add ${address} dev world${
    address.includes(":") ? " nodad" : ""
  }`;
}

/** One end of a cable, and the ways that lead through it. */
function wired(address: string, addresses6: readonly string[]): string[] {
  return [
    "link set lo up",
    `addr add ${address} dev out`,
    ...addresses6.map((address6) => `addr add ${address6} dev out nodad`),
    "link set out up",
    `route add ${AT.far}/32 dev out`,
    `route add ${AT.metadata}/32 dev out`,
  ];
}

async function ip(
  namespace: string | undefined,
  lines: readonly string[],
): Promise<void> {
  const where = namespace === undefined ? [] : ["-n", namespace];
  await output("ip", [...where, "-batch", "-"], lines.join("\n") + "\n");
}

async function list(): Promise<string[]> {
  const listed = await output("ip", ["netns", "list"]);
  return listed.split("\n").map((line) => line.split(" ")[0] ?? "");
}

/** Removes namespaces and folders whose program is dead. */
async function removeStale(): Promise<void> {
  const isStale = async (name: string) => {
    const [, pid] = /^zu-eg-(\d+)-/.exec(name) ?? [];
    return pid !== undefined && !await isThere(`/proc/${pid}`);
  };
  for (const name of await list()) if (await isStale(name)) await remove(name);
  const folders = tempFolder();
  for await (const { name } of Deno.readDir(folders)) {
    if (!await isStale(name)) continue;
    // Another run may be doing the same.
    await Deno.remove(`${folders}/${name}`, { recursive: true }).catch(
      () => {},
    );
  }
}

/** Makes a temporary folder that a later run knows to be stale. */
export function makeFolder(): Promise<string> {
  const dir = tempFolder();
  return Deno.makeTempDir({ dir, prefix: `${PREFIX}${Deno.pid}-` });
}

function tempFolder(): string {
  return Deno.env.get("TMPDIR") || "/tmp";
}

async function remove(name: string): Promise<void> {
  if (!(await list()).includes(name)) return;
  const pids = await output("ip", ["netns", "pids", name]);
  for (const pid of pids.split("\n").filter((line) => line !== "")) {
    try {
      Deno.kill(Number(pid), "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  await output("ip", ["netns", "delete", name]);
}

/** Whether there is something at a path. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
