// Launching, beside what the engine itself takes; and many at once.
import { LocalDockerBackend } from "../backends/local_docker_backend.ts";
import { SandboxPool } from "../backends/mod.ts";
import { countContainers, type RawDocker, SPEC } from "./_docker_engine.ts";
import { interleaved, milliseconds, spread, timed } from "./_docker_rounds.ts";
import { median } from "./_load.ts";
import type { Row } from "./_table.ts";

const LAUNCH_ROUNDS = 40;
const POOL_ROUNDS = 12;
const POOL_SIZE = 2;
const MANY = 20;
/** How long a pool may take to be full again. */
const REFILL_MS = 30_000;
const POLL_MS = 10;

/** What the engine was told for a sandbox, so that it can be told again. */
export async function configOf(
  docker: RawDocker,
  backend: LocalDockerBackend,
): Promise<object> {
  await using sandbox = await backend.launch(SPEC);
  const { Config, HostConfig } = await docker.getContainer(sandbox.id)
    .inspect();
  return { ...Config, HostConfig };
}

/** Launch to ready, to the engine's own create and start of the same. */
export async function launchRow(
  docker: RawDocker,
  backend: LocalDockerBackend,
): Promise<Row> {
  const config = await configOf(docker, backend);
  const { ours, raw } = await interleaved(LAUNCH_ROUNDS, {
    async ours() {
      const { ms, value } = await timed(() => backend.launch(SPEC));
      await backend.destroy(value);
      return [ms];
    },
    async raw() {
      const startedMs = performance.now();
      const container = await docker.createContainer(config);
      try {
        await container.start();
        return [performance.now() - startedMs];
      } finally {
        await container.remove({ force: true, v: true });
      }
    },
  });
  return {
    what: "launch to ready, to the engine's create and start",
    measured: `${milliseconds(median(ours))} to ${milliseconds(median(raw))}`,
    ratio: median(ours) / median(raw),
    bound: { most: 1.15 },
  };
}

/** A pool's hand-out: the first while nothing else goes on, the rest as it refills. */
export async function poolRow(backend: LocalDockerBackend): Promise<Row> {
  let failure: unknown;
  await using pool = new SandboxPool(backend, SPEC, {
    size: POOL_SIZE,
    onError: (error) => failure ??= error,
  });
  const isFull = () => pool.ready === POOL_SIZE && pool.pending === 0;
  const times: number[] = [];
  for (let round = 0; round < POOL_ROUNDS; round++) {
    const deadline = performance.now() + REFILL_MS;
    while (!isFull()) {
      if (failure !== undefined) throw failure;
      if (performance.now() > deadline) throw new Error("the pool stays empty");
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    for (let n = 0; n < POOL_SIZE; n++) {
      const { ms, value } = await timed(() => pool.take());
      times.push(ms);
      await using sandbox = value;
      const { exitCode } = await backend.run(sandbox, ["true"]);
      if (exitCode !== 0) throw new Error(`true ended with ${exitCode}`);
    }
  }
  return {
    what: "hand-out of a warm sandbox by a pool",
    measured: spread(times),
    ratio: median(times),
    bound: { most: 5 },
    unit: "ms",
  };
}

/** Many sandboxes at once: what is left of them, errors and containers. */
export async function manyRow(docker: RawDocker): Promise<Row> {
  const runId = crypto.randomUUID();
  await using backend = new LocalDockerBackend({
    docker,
    runId,
    imagePolicy: { pull: "never" },
  });
  const use = async (word: string) => {
    await using sandbox = await backend.launch(SPEC);
    const { stdout } = await backend.run(sandbox, ["echo", word]);
    const said = new TextDecoder().decode(stdout);
    if (said !== `${word}\n`) throw new Error(`${word} came out as "${said}"`);
  };
  const { ms, value } = await timed(() =>
    Promise.allSettled(
      Array.from({ length: MANY }, (_, n) => use(`sandbox-${n}`)),
    )
  );
  const errors = value.filter(({ status }) => status === "rejected");
  for (const error of errors) console.error("bench:", error);
  const left = await countContainers(docker, runId);
  return {
    what: `${MANY} at once, launched, used, destroyed`,
    measured: `${left} left, ${errors.length} failed in ${
      (ms / 1000).toFixed(1)
    } s`,
    ratio: left + errors.length,
    bound: { most: 0 },
    unit: "left or failed",
  };
}
