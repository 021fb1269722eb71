import { allAttacks, type MachineFacts } from "./attacks/mod.ts";
import type { Certificates } from "./certificates.ts";
import { Control } from "./control.ts";
import { makeClientRoot } from "./client_root.ts";
import type { NamespaceNames } from "./namespaces.ts";
import type { Range } from "./range.ts";
import { type Row, tryAttack } from "./rows.ts";
import { withSandboxes } from "./sandboxes.ts";
import { HostServers } from "./servers/host_servers.ts";
import { OpenProxy } from "./servers/open_proxy.ts";
import { Witness } from "./witness.ts";
import { World } from "./world.ts";

/** What the part that runs inside of the host's namespace is told. */
export interface InsideOptions extends MachineFacts {
  readonly names: NamespaceNames;
  readonly certificates: Certificates;
  /** A folder for whatever is needed; whoever made it removes it. */
  readonly folder: string;
  /** Whether sandboxes are left out, to see the attacks work. */
  readonly controlOnly: boolean;
  /** The image of forwarders; without, one is made. */
  readonly forwarderImage?: string;
  /** The machine's own network, as the kernel names it. */
  readonly outside: string;
  /** Which attacks: those with this in their names. */
  readonly only: string;
}

/** What there is to tell while it goes on. */
export interface Progress {
  /** The names of all attacks, before the first. */
  begin(names: readonly string[]): void;
  /** What became of one. */
  row(row: Row): void;
}

/** The network that this process is in, as the kernel names it. */
export async function ownNetwork(): Promise<string> {
  return await Deno.readLink("/proc/self/ns/net");
}

/** Tries every attack, from within the host's namespace. */
export async function runInside(
  options: InsideOptions,
  progress: Progress,
): Promise<void> {
  const { names, hasIPv6, certificates, folder, controlOnly, only } = options;
  if (await ownNetwork() === options.outside) {
    throw new Error("This part would attack the machine's own network");
  }
  const attacks = allAttacks(options).filter(({ name }) => name.includes(only));
  const root = `${folder}/root`;
  await Deno.mkdir(root);
  await makeClientRoot(root);
  const witness = new Witness();
  await using _world = await World.start(
    names.world,
    certificates,
    hasIPv6,
    witness,
  );
  using _host = new HostServers(witness, hasIPv6);
  const socket = `${root}/zu/egress.sock`;
  using _proxy = new OpenProxy(socket);
  await using control = new Control(names.control, root, socket);
  const range: Range = {
    witness,
    control,
    ca: await Deno.readTextFile(certificates.ca),
  };
  const tryAll = async (sandboxes?: Parameters<typeof tryAttack>[2]) => {
    await control.startForwarder();
    progress.begin(attacks.map(({ name }) => name));
    for (const attack of attacks) {
      progress.row(await tryAttack(attack, range, sandboxes));
    }
  };
  if (controlOnly) await tryAll();
  else {
    const { forwarderImage } = options;
    await withSandboxes(range, { root, forwarderImage }, tryAll);
  }
}
