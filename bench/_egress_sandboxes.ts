// The sandboxes of the egress bench: one with scoped egress, and one of the same
// image that has a wire to the world instead.
import { LocalDockerBackend } from "../backends/local_docker_backend.ts";
import type { LaunchSpec, Sandbox } from "../backends/mod.ts";
import { CLIENT_IMAGE } from "../tests/egress/client_image.ts";
import { output } from "../tests/egress/commands.ts";
import { connectEngine } from "../tests/egress/engine.ts";
import type { NamespaceNames } from "../tests/egress/namespaces.ts";
import { AT } from "../tests/egress/plan.ts";

/** What is asked; an address, so that no look-up is measured on either side. */
export const HOST: string = AT.allowed;
/** What both sandboxes are. */
export const WIRED_SPEC: LaunchSpec = {
  image: CLIENT_IMAGE,
  ttlMs: 10 * 60_000,
};
/** What the one with egress is. */
export const SCOPED_SPEC: LaunchSpec = {
  ...WIRED_SPEC,
  network: { egress: { allow: [`${HOST}:80`, `${HOST}:443`] } },
};

/** The address of the one that has a wire; nobody else is there. */
const WIRED_ADDRESS = `${AT.control.replace(/\d+$/, "")}77/24`;
const DENO = ["deno", "run", "-A", "--quiet", "--no-config"] as const;

/** A backend for the world: what is public there is not public here. */
export function makeBackend(): LocalDockerBackend {
  return new LocalDockerBackend({
    imagePolicy: { pull: "never" },
    egress: { treatAsPublic: [`${HOST}/32`] },
  });
}

/** Gives a sandbox without a network a wire to the world; it is gone with that. */
export async function wire(
  { id }: Sandbox,
  { world }: NamespaceNames,
): Promise<void> {
  const engine = await connectEngine();
  const { State: { Pid } } = await engine.getContainer(id).inspect();
  const name = `${world}-wired`;
  const ip = (where: string, line: string) =>
    output("ip", ["-n", where, ...line.split(" ")]);
  await output("ip", ["netns", "attach", name, String(Pid)]);
  try {
    await ip(world, `link add to-wired type veth peer name out netns ${name}`);
    await ip(world, "link set to-wired master world up");
    await ip(name, `addr add ${WIRED_ADDRESS} dev out`);
    await ip(name, "link set out up");
  } finally {
    // The name alone: what it stands for is the container's.
    await output("ip", ["netns", "delete", name]);
  }
}

/** The command line of the client, which is the same on both sides. */
export async function clientArgv(...args: string[]): Promise<string[]> {
  const program = new URL("egress_client.js", import.meta.url);
  const text = new Uint8Array(await (await fetch(program)).arrayBuffer());
  return [
    ...DENO,
    // Nobody here has its authority, and an address is not in its certificate.
    "--unsafely-ignore-certificate-errors",
    `data:text/javascript;base64,${text.toBase64()}`,
    ...args,
  ];
}
