// The real engine, for the tests that need one: found, or the reason why not.
import {
  type DockerClient,
  LocalDockerBackend,
  type LocalDockerBackendOptions,
} from "../../backends/local_docker_backend.ts";
import { connect } from "../../backends/local_docker/connect.ts";
import { Engine } from "../../backends/local_docker/engine.ts";
import { findEngine } from "../../backends/local_docker/engine_address.ts";
import { exists, readEnv } from "../../backends/local_docker/environment.ts";
import { makeImages, missingPrograms } from "./_images.ts";

/** Set in CI, where a test that is skipped would be one that never runs. */
const isRequired = Deno.env.get("ZU_REQUIRE_DOCKER") === "1";

async function connectToEngine(): Promise<DockerClient> {
  return await connect(
    await findEngine({ env: readEnv, exists, os: Deno.build.os }),
  );
}

/** The engine, for looking at what a backend has done. */
export const engine: Engine = new Engine(connectToEngine);

async function whyNot(): Promise<string | undefined> {
  try {
    const what = "see whether an engine answers";
    await engine.json({ method: "GET", path: "/version", what });
    const missing = await missingPrograms();
    if (missing.length > 0) {
      return `${
        missing.join(", ")
      }, to make images of, are not there: install ` +
        "busybox-static, dash and bash";
    }
    await makeImages(await connectToEngine());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Why tests with an engine cannot run; undefined if they can. */
export const reason: string | undefined = await whyNot();

/**
 * Registers a test that needs the engine; without one, it is skipped and says why.
 *
 * @param lack Why it cannot run for want of something else, if it cannot.
 */
export function dockerTest(
  name: string,
  fn: () => Promise<void>,
  lack?: string,
): void {
  const why = reason ?? lack;
  const isSkipped = why !== undefined && !isRequired;
  Deno.test({
    name: isSkipped ? `${name} (skipped: ${why})` : name,
    ignore: isSkipped,
    fn: async () => {
      if (reason !== undefined) {
        throw new Error(`There is no engine: ${reason}`);
      }
      if (lack !== undefined) throw new Error(`It cannot be run: ${lack}`);
      await fn();
    },
  });
}

/** A backend whose containers can be told from those of other tests. */
export class TestBackend extends LocalDockerBackend {
  /** The run that its containers are labelled with. */
  readonly runId: string;
  /** What it had to say. */
  readonly warnings: string[] = [];

  constructor(options: LocalDockerBackendOptions = {}) {
    const runId = options.runId ?? crypto.randomUUID();
    const warnings: string[] = [];
    super({
      imagePolicy: { pull: "never" },
      ...options,
      runId,
      onWarning: (warning) => warnings.push(warning),
    });
    this.runId = runId;
    this.warnings = warnings;
  }

  /** How many containers the engine has of it, in whatever state. */
  async containers(): Promise<number> {
    return (await containersOf(this.runId)).length;
  }
}

/** The ids of a run's containers, in whatever state. */
export async function containersOf(
  run: string,
  at: Engine = engine,
): Promise<string[]> {
  const found = await at.json<{ Id: string }[]>({
    method: "GET",
    path: "/containers/json",
    query: { all: true, filters: { label: [`zu.run=${run}`] } },
    what: "list containers",
  });
  return found.map(({ Id }) => Id);
}

/** When the time of a program may be up that has to have got going by then. */
export const GOING_MS = 2_000;

const PATIENCE_MS = 20_000;
const POLL_MS = 20;

/** Waits for what must come, and fails when it does not. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!await holds()) {
    if (performance.now() > deadline) throw new Error(`It never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Bytes as text. */
export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
