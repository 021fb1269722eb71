// The engine that is measured, dockerode's own client for it, and an image.
import type { DockerClient } from "../backends/local_docker_backend.ts";
import { connect } from "../backends/local_docker/connect.ts";
import { findEngine } from "../backends/local_docker/engine_address.ts";
import { exists, readEnv } from "../backends/local_docker/environment.ts";
import {
  IMAGES,
  makeImages,
  missingPrograms,
} from "../tests/docker/_images.ts";

/** The image that everything runs in: busybox, and nothing else. */
export const IMAGE = IMAGES.busybox;
/** What every sandbox here is; should this process be killed, not for long. */
export const SPEC = { image: IMAGE, ttlMs: 10 * 60_000 } as const;
/** Whom programs in a sandbox of that image run as. */
export const USER = "65534:65534";

/** What is used of one of dockerode's containers. */
export interface RawContainer {
  start(): Promise<unknown>;
  inspect(): Promise<{ Config: object; HostConfig: object }>;
  remove(options: { force: boolean; v: boolean }): Promise<unknown>;
  exec(config: object): Promise<RawExec>;
}

/** What is used of one of its execs. */
export interface RawExec {
  start(options: object): Promise<AsyncIterable<Uint8Array>>;
  inspect(): Promise<{ ExitCode: number | null }>;
}

/** What is used of dockerode. */
export interface RawDocker extends DockerClient {
  version(): Promise<{ Version: string; ApiVersion: string }>;
  createContainer(config: object): Promise<RawContainer>;
  getContainer(id: string): RawContainer;
  listContainers(options: object): Promise<unknown[]>;
}

/** The engine, and how to reach it. */
export interface FoundDocker {
  readonly docker: RawDocker;
  /** What `DOCKER_HOST` has to be for the `docker` command to use this engine. */
  readonly host: string | undefined;
  /** What it says that it is. */
  readonly name: string;
}

/**
 * Finds the engine as the backend does, and makes the image.
 *
 * @returns The client that the backend would use; or why nothing can be measured.
 */
export async function findDocker(): Promise<FoundDocker | string> {
  const missing = await missingPrograms();
  if (missing.length > 0) {
    return `there is no ${missing.join(", no ")} to make images of`;
  }
  let found: FoundDocker;
  try {
    found = await reachDocker();
  } catch (error) {
    return `no engine answers: ${
      error instanceof Error ? error.message : error
    }`;
  }
  await makeImages(found.docker);
  return found;
}

/** The same, or what keeps it from being reached. */
export async function reachDocker(): Promise<FoundDocker> {
  const os = Deno.build.os;
  const address = await findEngine({ env: readEnv, exists, os });
  const docker = await connect(address) as RawDocker;
  const { Version, ApiVersion } = await docker.version();
  // Any other address is in the variable already.
  const host = address.kind === "unix" ? `unix://${address.path}` : undefined;
  return { docker, host, name: `Engine ${Version}, API ${ApiVersion}` };
}

/** How many containers the engine has of a run, in whatever state. */
export async function countContainers(
  docker: RawDocker,
  runId: string,
): Promise<number> {
  const filters = { label: [`zu.run=${runId}`] };
  return (await docker.listContainers({ all: true, filters })).length;
}
