// A sandbox that was never there, and what was recorded of it.
import type { Posture, Sandbox } from "@zu/backends/backends";
import type { SandboxUse } from "../../../examples/demo/sandbox.ts";
import { CALLS } from "../../../examples/demo/sandbox_tools.ts";
import type { SandboxTrace } from "../../../examples/demo/sandbox_trace.ts";

export const POSTURE: Posture = {
  uid: 65534,
  gid: 65534,
  capabilities: [],
  noNewPrivileges: true,
  seccomp: "filter",
  memory: 64 * 1024 * 1024,
  swap: 0,
  cpus: 1,
  pids: 32,
  readOnlyRootfs: true,
  init: true,
  interfaces: ["lo"],
  mounts: [],
  runtime: "runc",
  expiry: "sandbox",
  endsRuns: true,
  seenFromInside: true,
  problems: [],
};

export const USE: SandboxUse = {
  image: "localhost/zu-demo:1",
  launchMs: 90,
  posture: POSTURE,
  calls: [
    {
      call: CALLS[0],
      observation: { status: 200, words: 5, characters: 28 },
      durationMs: 60,
    },
    {
      call: CALLS[1],
      observation: { status: 504, html: "", error: "wait timed out" },
      durationMs: 560,
    },
  ],
  leftProcesses: [],
  leftContainers: 0,
};

export const SANDBOX: Sandbox = {
  id: "0123456789abcdef",
  image: USE.image,
  backend: "local-docker",
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Records a use, as {@linkcode SandboxUse} has it. */
export async function recordUse(trace: SandboxTrace): Promise<SandboxUse> {
  const launched = await trace.launched(SANDBOX, POSTURE, USE.launchMs);
  for (const { call, observation, durationMs } of USE.calls) {
    const called = await trace.called(launched, call);
    await trace.observed(called, observation, durationMs);
  }
  await trace.destroyed(launched);
  return USE;
}
