// Has a sandbox write 100 MB, and prints how much memory that took here, as JSON.
// Started by _docker_memory.ts: only a fresh process tells it from others'.
import { LocalDockerBackend } from "../backends/local_docker_backend.ts";
import type { Sandbox } from "../backends/mod.ts";
import { reachDocker, SPEC, USER } from "./_docker_engine.ts";

const BYTES = 100_000_000;
const ARGV = ["head", "-c", String(BYTES), "/dev/zero"];
/** How many bytes `run` keeps. */
const KEPT_BYTES = 64 * 1024;
const SAMPLE_MS = 2;
const MEBIBYTE = 1024 * 1024;

/** Resident memory before and while a program's output came. */
export interface DockerMemory {
  readonly idleMiB: number;
  readonly peakMiB: number;
  readonly seconds: number;
}

/** How output gets here; each tells how many bytes it was. */
const WAYS = {
  async run(backend: LocalDockerBackend, sandbox: Sandbox) {
    const { stdout, dropped } = await backend.run(sandbox, ARGV, {
      stdoutMax: KEPT_BYTES,
    });
    return stdout.length + dropped.stdout;
  },
  async spawn(backend: LocalDockerBackend, sandbox: Sandbox) {
    await using program = await backend.spawn(sandbox, ARGV);
    let length = 0;
    for await (const bytes of program.stdout) length += bytes.length;
    return length;
  },
  /** The engine's stream as it comes, which has headers between the bytes. */
  async dockerode(_: LocalDockerBackend, { id }: Sandbox) {
    const { docker } = await reachDocker();
    const exec = await docker.getContainer(id).exec({
      Cmd: ARGV,
      User: USER,
      AttachStdout: true,
      AttachStderr: true,
    });
    let length = 0;
    const stream = await exec.start({ hijack: true, stdin: false });
    for await (const bytes of stream) length += bytes.length;
    return length;
  },
} as const;

/** The ways by their names. */
export type Way = keyof typeof WAYS;

function residentMiB(): number {
  return Deno.memoryUsage().rss / MEBIBYTE;
}

if (import.meta.main) {
  const way = WAYS[Deno.args[0] as Way];
  await using backend = new LocalDockerBackend({
    imagePolicy: { pull: "never" },
  });
  await using sandbox = await backend.launch(SPEC);
  const idleMiB = residentMiB();
  let peakMiB = idleMiB;
  const sample = () => peakMiB = Math.max(peakMiB, residentMiB());
  const timer = setInterval(sample, SAMPLE_MS);
  const startedMs = performance.now();
  const length = await way(backend, sandbox);
  const seconds = (performance.now() - startedMs) / 1000;
  sample();
  clearInterval(timer);
  if (length < BYTES) throw new Error(`${length} of ${BYTES} bytes came`);
  const result: DockerMemory = { idleMiB, peakMiB, seconds };
  console.log(JSON.stringify(result));
}
