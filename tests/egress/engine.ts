/** What the engine tells of a container. */
interface InspectedContainer {
  readonly HostConfig: { readonly NetworkMode: string };
  readonly State: { readonly Running: boolean; readonly Pid: number };
}

/** What is used of dockerode, to look at the engine from outside. */
export interface Engine {
  version(): Promise<unknown>;
  getContainer(id: string): {
    inspect(): Promise<InspectedContainer>;
    kill(): Promise<unknown>;
  };
  getImage(name: string): {
    inspect(): Promise<{
      readonly Id: string;
      readonly Config: { readonly Labels: Record<string, string> | null };
    }>;
    remove(): Promise<unknown>;
  };
  listNetworks(): Promise<readonly unknown[]>;
  importImage(
    path: string,
    options: { readonly repo: string; readonly changes: readonly string[] },
  ): Promise<AsyncIterable<Uint8Array>>;
}

const SOCKET = "unix:///var/run/docker.sock";

/** That what is needed is not there, and what. */
export class CannotRun extends Error {}

/**
 * Makes a client for the engine, which answers.
 *
 * @throws {CannotRun} If it does not.
 */
export async function connectEngine(): Promise<Engine> {
  const { default: Docker } = await import("dockerode") as unknown as {
    default: new (
      address?: { readonly host: undefined; readonly socketPath: string },
    ) => Engine;
  };
  const host = Deno.env.get("DOCKER_HOST")?.trim() || SOCKET;
  const engine = host.startsWith("unix://")
    ? new Docker({ host: undefined, socketPath: host.slice("unix://".length) })
    : new Docker();
  await engine.version().catch((error) => {
    throw new CannotRun(
      `No engine answers at ${host}: ${error}. Start Docker, or set DOCKER_HOST`,
    );
  });
  return engine;
}

/** Whether the engine said that there is no such thing. */
export function isNotThere(error: unknown): boolean {
  return (error as { statusCode?: number }).statusCode === 404;
}

/** Whether the engine said that something is still in use. */
export function isInUse(error: unknown): boolean {
  return (error as { statusCode?: number }).statusCode === 409;
}
