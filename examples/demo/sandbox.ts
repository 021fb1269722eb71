import type { Observation, Posture, Sandbox } from "@zu/backends/backends";
import { LocalDockerBackend } from "@zu/backends/backends/local-docker";
import type { StoredEvent } from "@zu/backends/sinks";
import { engineClient } from "./engine_client.ts";
import { interruptible } from "./interruptible.ts";
import { makeImage } from "./sandbox_image.ts";
import { CALLS, type TimedCall, TOOLS } from "./sandbox_tools.ts";
import type { SandboxTrace } from "./sandbox_trace.ts";

/** What the demo's sandbox is, beside its image: less than it could have. */
const SPEC = { memory: "64m", pids: 32, ttlMs: 120_000 };

/** A call that was made. */
export interface AnsweredCall {
  /** What was asked for. */
  readonly call: TimedCall;
  /** What a model would get to see. */
  readonly observation: Observation;
  /** How long that took, in milliseconds. */
  readonly durationMs: number;
}

/** What came of the calls. */
export interface Calls {
  /** Each of them. */
  readonly calls: readonly AnsweredCall[];
  /** The command lines of the processes that they left. */
  readonly leftProcesses: readonly string[];
}

/** What a sandbox was, and what was done in it. */
export interface SandboxUse extends Calls {
  /** What it was launched from. */
  readonly image: string;
  /** How long the launch took, in milliseconds. */
  readonly launchMs: number;
  /** What guards it had. */
  readonly posture: Posture;
  /** How many containers were left at the engine when all was over. */
  readonly leftContainers: number;
}

/**
 * Launches a sandbox, runs tools in it and destroys it, and records all of that.
 *
 * @throws {BackendError} Whatever is in the way. If nothing was recorded,
 * `engine_unavailable`, `unsupported` and `image_refused` tell of the machine.
 */
export async function useSandbox(
  trace: SandboxTrace,
  signal: AbortSignal,
): Promise<SandboxUse> {
  const runId = crypto.randomUUID();
  await using backend = new LocalDockerBackend({
    tools: TOOLS,
    imagePolicy: { pull: "never" },
    runId,
  });
  // The first contact, which says where it looked if there is no engine.
  await interruptible(() => backend.sweep(), signal);
  const client = await engineClient();
  const image = await interruptible(() => makeImage(client), signal);
  const start = performance.now();
  const sandbox = await backend.launch({ ...SPEC, image }, { signal });
  const launchMs = since(start);
  const posture = await backend.posture(sandbox);
  const launched = await trace.launched(sandbox, posture, launchMs);
  let calls: Calls;
  try {
    calls = await callTools({ backend, sandbox, trace, launched, signal });
  } finally {
    // Whatever has happened: the log is to tell how it ended.
    await backend.destroy(sandbox);
    await trace.destroyed(launched);
  }
  const left = await client.listContainers({
    all: true,
    filters: { label: [`zu.run=${runId}`] },
  });
  return { image, launchMs, posture, ...calls, leftContainers: left.length };
}

/** Where calls are made, and what they follow from. */
interface Scene {
  readonly backend: LocalDockerBackend;
  readonly sandbox: Sandbox;
  readonly trace: SandboxTrace;
  readonly launched: StoredEvent;
  readonly signal: AbortSignal;
}

/** Makes the calls, one after the other, and looks for what they leave. */
async function callTools(
  { backend, sandbox, trace, launched, signal }: Scene,
): Promise<Calls> {
  const before = await backend.top(sandbox);
  const calls: AnsweredCall[] = [];
  for (const call of CALLS) {
    const called = await trace.called(launched, call);
    const start = performance.now();
    const { timeoutMs } = call;
    const options = { timeoutMs, signal };
    const observation = await backend.exec(sandbox, call, options);
    const durationMs = since(start);
    await trace.observed(called, observation, durationMs);
    calls.push({ call, observation, durationMs });
  }
  const known = new Set(before.map(({ pid }) => pid));
  const left = (await backend.top(sandbox)).filter(({ pid }) =>
    !known.has(pid)
  );
  return { calls, leftProcesses: left.map(({ command }) => command) };
}

function since(start: number): number {
  return Math.round(performance.now() - start);
}
