import type { EgressAttempt, Posture, Sandbox } from "@zu/backends/backends";
import { LocalDockerBackend } from "@zu/backends/backends/local-docker";
import { FORWARDER_IMAGE, whyNoEgress } from "./egress_excuse.ts";
import { fetchCall } from "./egress_trials.ts";
import { engineClient } from "./engine_client.ts";
import { interruptible } from "./interruptible.ts";
import { resolveOwn, serveOwn } from "./own_server.ts";
import { type Calls, callTools } from "./sandbox_calls.ts";
import { makeImage } from "./sandbox_image.ts";
import { CALLS, TOOLS } from "./sandbox_tools.ts";
import type { SandboxTrace } from "./sandbox_trace.ts";

/** What the demo's sandbox is, beside its image: less than it could have. */
const SPEC = { memory: "64m", pids: 32, ttlMs: 120_000 };

/** What came of scoped egress. */
export interface EgressUse {
  /** The host and port that the sandbox might reach. */
  readonly granted: string;
  /** What it tried, as its proxy keeps it. */
  readonly attempts: readonly EgressAttempt[];
  /** The paths that the server there was asked for. */
  readonly asked: readonly string[];
}

/** There was no scoped egress. */
export interface NoEgress {
  /** Why the machine cannot have it. */
  readonly why: string;
}

/** What a sandbox was, and what was done in it. */
export interface SandboxUse extends Calls {
  /** What it was launched from. */
  readonly image: string;
  /** How long the launch took, in milliseconds. */
  readonly launchMs: number;
  /** What guards it had. */
  readonly posture: Posture;
  /** What it could reach, and tried to. */
  readonly egress: EgressUse | NoEgress;
  /** How many containers were left at the engine when all was over. */
  readonly leftContainers: number;
}

/**
 * Launches a sandbox, runs tools in it and destroys it, and records all of that;
 * with scoped egress to a server of its own, where the machine can have that.
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
    egress: {
      forwarderImage: FORWARDER_IMAGE,
      treatAsPublic: ["127.0.0.1/32"],
      resolve: resolveOwn,
      onAttempt: async (attempt) => void await trace.attempted(attempt),
    },
    runId,
  });
  // The first contact, which says where it looked if there is no engine.
  await interruptible(() => backend.sweep(), signal);
  const client = await engineClient();
  const image = await interruptible(() => makeImage(client), signal);
  const why = await interruptible(() => whyNoEgress(client, signal), signal);
  await using server = why === undefined ? serveOwn() : undefined;
  const allow = server === undefined ? [] : [server.authority];
  const network = server === undefined ? "none" : { egress: { allow } };
  const start = performance.now();
  const sandbox = await backend.launch({ ...SPEC, image, network }, { signal });
  const launchMs = Math.round(performance.now() - start);
  const posture = await backend.posture(sandbox);
  const launched = await trace.launched(sandbox, posture, launchMs);
  let calls: Calls;
  try {
    const scene = { backend, sandbox, trace, launched, signal };
    calls = await callTools(scene, [...CALLS, ...allow.map(fetchCall)]);
  } finally {
    // Whatever has happened: the log is to tell how it ended.
    await backend.destroy(sandbox);
    await trace.destroyed(launched);
  }
  // The forwarder's container has the label, too.
  const left = await client.listContainers({
    all: true,
    filters: { label: [`zu.run=${runId}`] },
  });
  const egress = server === undefined ? { why: why ?? "" } : {
    granted: server.authority,
    attempts: await attemptsOf(sandbox),
    asked: server.asked,
  };
  const leftContainers = left.length;
  return { image, launchMs, posture, ...calls, egress, leftContainers };
}

/** What a sandbox tried to reach, once it is gone. */
async function attemptsOf({ egress }: Sandbox): Promise<EgressAttempt[]> {
  return egress === undefined ? [] : await Array.fromAsync(egress.attempts());
}
