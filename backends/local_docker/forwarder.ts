import { FORWARDER_SOCKET } from "../egress/forwarder_contract.ts";
import type { PullPolicy } from "../launch_spec.ts";
import { removeContainer } from "./box.ts";
import { readPosture } from "./check_posture.ts";
import type { ContainerPlan } from "./container_config.ts";
import { defaultSeccomp } from "./default_seccomp.ts";
import { HOLDER_USER } from "./holder.ts";
import { ensureImage, type Image } from "./image.ts";
import { READY } from "./inside.ts";
import type { Leash } from "./leash.ts";
import {
  startContainer,
  type StartContext,
  unguarded,
} from "./start_container.ts";

const MEMORY = 256 * 1024 * 1024;
const PIDS = 64;
/** What a proxy may refuse, it has to be able to see. */
const SPARE_CONNECTIONS = 256;
/** It does not end before its sandbox. */
const TTL_GRACE_MS = 60_000;

/** What a forwarder is to be. */
export interface ForwarderRequest {
  /** Its image, as the engine is to be told. */
  readonly image: string;
  readonly pull: PullPolicy;
  readonly labels: Readonly<Record<string, string>>;
  /** The socket of the host that it passes bytes to. */
  readonly socketPath: string;
  /** How many connections the proxy takes. */
  readonly connectionsMax: number;
  readonly ttlMs: number;
}

/** A container with nothing but loopback, for a sandbox to share. */
export interface Forwarder {
  readonly id: string;
  readonly leash: Leash;
  /** Ends and removes it. */
  remove(): Promise<void>;
}

/** Launches a forwarder, which is ready then; or leaves nothing, and throws. */
export async function launchForwarder(
  request: ForwarderRequest,
  context: StartContext,
): Promise<Forwarder> {
  const { engine, startupTimeoutMs } = context;
  const image = await ensureImage(engine, request.image, request.pull, {
    ...context,
    timeoutMs: startupTimeoutMs,
  });
  const plan = planForwarder(request, image, await defaultSeccomp(engine));
  return await startContainer(
    plan,
    context,
    { saysReady: true },
    ({ id, leash, state }) => {
      // There is no shell to look from within, and the sandbox sees its network.
      const posture = readPosture({ plan, state, inside: undefined });
      if (posture.problems.length > 0) throw unguarded(posture);
      return {
        id,
        leash,
        remove: async () => {
          try {
            await removeContainer(engine, id);
          } finally {
            leash.release();
          }
        },
      };
    },
  );
}

function planForwarder(
  { labels, socketPath, connectionsMax, ttlMs }: ForwarderRequest,
  image: Image,
  seccomp: string | undefined,
): ContainerPlan {
  return {
    imageId: image.id,
    keepsProgram: true,
    command: [
      READY,
      String(connectionsMax + SPARE_CONNECTIONS),
      String(ttlMs + TTL_GRACE_MS),
    ],
    user: HOLDER_USER,
    isHolderApart: false,
    env: {},
    workdir: undefined,
    labels,
    memory: MEMORY,
    cpus: 1,
    pids: PIDS,
    readOnlyRootfs: true,
    tmpfs: { "/tmp": "rw,nosuid,nodev,noexec,size=16m,mode=1777" },
    extraHosts: {},
    dns: [],
    seccomp,
    runtime: undefined,
    capAdd: [],
    mounts: [{ source: socketPath, target: FORWARDER_SOCKET, readOnly: true }],
    networkMode: "none",
  };
}
