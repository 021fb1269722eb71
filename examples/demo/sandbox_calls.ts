import type { Observation, Sandbox } from "@zu/backends/backends";
import type { LocalDockerBackend } from "@zu/backends/backends/local-docker";
import type { StoredEvent } from "@zu/backends/sinks";
import { untilTold } from "./egress_trials.ts";
import type { TimedCall } from "./sandbox_tools.ts";
import type { SandboxTrace } from "./sandbox_trace.ts";

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

/** Where calls are made, and what they follow from. */
export interface Scene {
  /** What runs the sandbox. */
  readonly backend: LocalDockerBackend;
  /** Where they are made. */
  readonly sandbox: Sandbox;
  /** What is told of them. */
  readonly trace: SandboxTrace;
  /** What they follow from. */
  readonly launched: StoredEvent;
  /** Ends them. */
  readonly signal: AbortSignal;
}

/** Makes calls, one after the other, and looks for what they leave. */
export async function callTools(
  { backend, sandbox, trace, launched, signal }: Scene,
  toMake: readonly TimedCall[],
): Promise<Calls> {
  const before = await backend.top(sandbox);
  const calls: AnsweredCall[] = [];
  for (const call of toMake) {
    const called = await trace.called(launched, call);
    const start = performance.now();
    const { timeoutMs, attempts = 0 } = call;
    const options = { timeoutMs, signal };
    const observation = await backend.exec(sandbox, call, options);
    const durationMs = Math.round(performance.now() - start);
    // They come before what is observed, as what they are about did.
    if (attempts > 0) await untilTold(sandbox, attempts);
    await trace.observed(called, observation, durationMs);
    calls.push({ call, observation, durationMs });
  }
  const known = new Set(before.map(({ pid }) => pid));
  const left = (await backend.top(sandbox)).filter(({ pid }) =>
    !known.has(pid)
  );
  return { calls, leftProcesses: left.map(({ command }) => command) };
}
