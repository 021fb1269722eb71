/**
 * Fails if the engine has a container of LocalDockerBackend, running or not: after
 * the tests and the demo there may be none. Containers that are about to be removed
 * are waited for; the first argument says for how long, in milliseconds.
 *
 * Where no engine answers there is nothing to look at, which exits with the code
 * of a skipped step; with ZU_REQUIRE_DOCKER=1 it is a failure, too.
 *
 * @module
 */
import { SKIPPED } from "./_tally.ts";

const LABEL = "zu.backend=local-docker";
const SOCKET = "unix:///var/run/docker.sock";
const PATIENCE_MS = 10_000;
const POLL_MS = 200;

/** What the engine tells of a container. */
export interface ListedContainer {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Status: string;
  readonly Labels: Readonly<Record<string, string>>;
}

/** What is used of dockerode. */
interface Docker {
  listContainers(options: {
    readonly all: true;
    readonly filters: { readonly label: readonly string[] };
  }): Promise<readonly ListedContainer[]>;
}

/**
 * Waits until there are no containers.
 *
 * @param list Lists those that there are.
 * @param patienceMs How long to wait.
 * @returns Those that are still there then.
 */
export async function leftOver(
  list: () => Promise<readonly ListedContainer[]>,
  patienceMs: number,
): Promise<readonly ListedContainer[]> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await list();
    if (found.length === 0 || performance.now() >= deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A container in a line: enough to find out whose it is. */
export function describeContainer(
  { Id, Names, Status, Labels }: ListedContainer,
): string {
  const name = Names[0]?.replace(/^\//, "") ?? "no name";
  const run = Labels["zu.run"] ?? "unknown";
  const pid = Labels["zu.owner.pid"] ?? "unknown";
  return `${Id.slice(0, 12)} ${name}: ${Status}, run ${run}, owner pid ${pid}`;
}

/** Makes the client for an engine, and contacts nothing. */
async function connect(host: string): Promise<Docker> {
  const { default: Docker } = await import("dockerode") as unknown as {
    default: new (
      address?: { readonly host: undefined; readonly socketPath: string },
    ) => Docker;
  };
  // Of all but sockets, it reads DOCKER_HOST and its TLS by itself.
  return host.startsWith("unix://")
    ? new Docker({ host: undefined, socketPath: host.slice("unix://".length) })
    : new Docker();
}

/** Whether an error means that nobody listens, or that nobody may ask. */
function isUnreachable(error: unknown): boolean {
  const { code } = error as { code?: string };
  return error instanceof Deno.errors.NotCapable ||
    ["ENOENT", "ECONNREFUSED", "EACCES", "EPERM"].includes(code ?? "");
}

/** Looks, says what was found, and returns the exit code. */
async function main([patience]: readonly string[]): Promise<number> {
  const host = Deno.env.get("DOCKER_HOST")?.trim() || SOCKET;
  const patienceMs = patience === undefined ? PATIENCE_MS : Number(patience);
  try {
    const docker = await connect(host);
    const filters = { label: [LABEL] };
    const list = () => docker.listContainers({ all: true, filters });
    const left = await leftOver(list, patienceMs);
    for (const container of left) {
      console.error(
        `error: left at the engine: ${describeContainer(container)}`,
      );
    }
    if (left.length === 0) console.log(`No container is left at ${host}.`);
    return left.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isSkipped = isUnreachable(error) &&
      Deno.env.get("ZU_REQUIRE_DOCKER") !== "1";
    const what = isSkipped ? "skipped" : "error";
    console.error(
      `${what}: cannot list the containers at ${host}: ${error.message}`,
    );
    return isSkipped ? SKIPPED : 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
