// A sandbox that was never there, and what was recorded of it.
import type { EgressAttempt, Posture, Sandbox } from "@zu/backends/backends";
import {
  egressTrials,
  fetchCall,
} from "../../../examples/demo/egress_trials.ts";
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
  egress: { why: "this Deno has no glibc" },
  leftProcesses: [],
  leftContainers: 0,
};

const GRANTED = "api.example.com:40123";

/** What a proxy told of the attempts. */
export const ATTEMPTS: readonly EgressAttempt[] = egressTrials(GRANTED).map(
  ({ host, allowed, reason }) => ({
    sandbox: "0123456789abcdef",
    ts: "2026-01-02T03:04:05.678Z",
    host,
    port: host === null ? null : 40123,
    ip: allowed ? "127.0.0.1" : null,
    scheme: "http",
    method: "GET",
    bytes_out: allowed ? 88 : 0,
    bytes_in: allowed ? 145 : 0,
    allowed,
    reason,
    duration_ms: 1.5,
  }),
);

/** The same use, with scoped egress. */
export const EGRESS_USE = {
  ...USE,
  calls: [
    ...USE.calls,
    {
      call: fetchCall(GRANTED),
      observation: { status: 200, statuses: [200, 403, 403, 400] },
      durationMs: 70,
    },
  ],
  egress: { granted: GRANTED, attempts: ATTEMPTS, asked: ["/menu"] },
} satisfies SandboxUse;

export const SANDBOX: Sandbox = {
  id: "0123456789abcdef",
  image: USE.image,
  backend: "local-docker",
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Records a use, as {@linkcode SandboxUse} has it. */
export async function recordUse(trace: SandboxTrace): Promise<SandboxUse> {
  return await record(trace, USE);
}

/** Records the use with scoped egress. */
export async function recordEgressUse(
  trace: SandboxTrace,
): Promise<SandboxUse> {
  return await record(trace, EGRESS_USE);
}

async function record(
  trace: SandboxTrace,
  use: SandboxUse,
): Promise<SandboxUse> {
  const launched = await trace.launched(SANDBOX, POSTURE, use.launchMs);
  for (const { call, observation, durationMs } of use.calls) {
    const called = await trace.called(launched, call);
    const { attempts = 0 } = call;
    // A proxy does not wait for one to be recorded before it tells of the next.
    await Promise.all(
      ATTEMPTS.slice(0, attempts).map((attempt) => trace.attempted(attempt)),
    );
    await trace.observed(called, observation, durationMs);
  }
  await trace.destroyed(launched);
  return use;
}
