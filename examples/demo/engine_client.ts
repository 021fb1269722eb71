import type { Readable } from "node:stream";

/** Where the engine is, if `DOCKER_HOST` does not say. */
const SOCKET_PATH = "/var/run/docker.sock";
const UNIX = "unix://";

/** What the demo needs of dockerode, since it is no part of a backend. */
export interface EngineClient {
  /** Names an image, which need not be there. */
  getImage(name: string): { inspect(): Promise<unknown> };
  /** Makes an image of an archive; what is answered tells of the progress. */
  importImage(
    archive: Readable,
    options: { readonly repo: string; readonly tag: string },
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Says what the engine runs on. */
  info(): Promise<{ readonly OperatingSystem: string }>;
  /** Lists containers, those that have ended included. */
  listContainers(options: {
    readonly all: true;
    readonly filters: { readonly label: readonly string[] };
  }): Promise<readonly unknown[]>;
}

/** What dockerode's constructor is given. */
interface Address {
  /** Without, it would go where DOCKER_HOST says, whatever else is said. */
  readonly host: undefined;
  readonly socketPath: string;
}

/** Where the engine is, as `DOCKER_HOST` says it. */
export function engineHost(): string {
  return Deno.env.get("DOCKER_HOST")?.trim() || UNIX + SOCKET_PATH;
}

/** Whether it is behind a socket of this machine. */
export function isLocal(host: string): boolean {
  return host.startsWith(UNIX);
}

/** Makes a client for the engine that the backend finds, and contacts nothing. */
export async function engineClient(): Promise<EngineClient> {
  // Imported when it is needed: it reads the environment as it loads.
  const { default: Docker } = await import("dockerode") as unknown as {
    default: new (address?: Address) => EngineClient;
  };
  const host = engineHost();
  // Of hosts and their TLS, dockerode reads the same variables as the backend.
  if (!isLocal(host)) return new Docker();
  return new Docker({ host: undefined, socketPath: host.slice(UNIX.length) });
}
