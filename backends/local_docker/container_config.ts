import type { Mount } from "../launch_spec.ts";
import type { CheckedSpec } from "../spec/complete_spec.ts";

/** What a container is to be. */
export interface ContainerPlan extends
  Pick<
    CheckedSpec,
    | "env"
    | "workdir"
    | "labels"
    | "memory"
    | "cpus"
    | "pids"
    | "readOnlyRootfs"
    | "extraHosts"
    | "dns"
    | "seccomp"
    | "runtime"
    | "capAdd"
    | "mounts"
  > {
  readonly imageId: string;
  /** The program that runs from the start, and its arguments. */
  readonly command: readonly string[];
  /** Whether the program is the image's own, and `command` only its arguments. */
  readonly keepsProgram?: boolean;
  /** Whom it runs as. */
  readonly user: string;
  /** Whether that is nobody whom programs in the sandbox run as. */
  readonly isHolderApart: boolean;
  /** Folders in memory, with their mount options. */
  readonly tmpfs: Readonly<Record<string, string>>;
  /**
   * What its network is: `none`; `bridge`; or `container:` and the id of the
   * container whose network it shares.
   */
  readonly networkMode: string;
}

/** How much of what the main program writes the engine keeps. */
const LOG_CONFIG = {
  Type: "json-file",
  Config: { "max-size": "10m", "max-file": "1" },
};

/**
 * The body of the engine's call to create a container. Everything that guards it
 * is said, so that no default of the engine's can leave it out.
 */
export function containerConfig(plan: ContainerPlan): Record<string, unknown> {
  return {
    Image: plan.imageId,
    ...(plan.keepsProgram
      ? { Cmd: plan.command }
      // In place of the image's own, so that what was asked for is what runs.
      : {
        Entrypoint: plan.command.slice(0, 1),
        Cmd: plan.command.slice(1),
      }),
    User: plan.user,
    Env: Object.entries(plan.env).map(([name, value]) => `${name}=${value}`),
    ...(plan.workdir !== undefined && { WorkingDir: plan.workdir }),
    Labels: plan.labels,
    // Its health check would run what nobody asked for.
    Healthcheck: { Test: ["NONE"] },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    // The leash: its end is the end of the sandbox.
    StdinOnce: true,
    Tty: false,
    // Beside the mode "none", which alone takes the engine here twice as long to
    // set up, and gives away the host's name server; see network_test.ts.
    NetworkDisabled: plan.networkMode === "none",
    HostConfig: hostConfig(plan),
  };
}

function hostConfig(plan: ContainerPlan): Record<string, unknown> {
  const { seccomp, runtime } = plan;
  return {
    AutoRemove: true,
    Init: true,
    Privileged: false,
    CapDrop: ["ALL"],
    CapAdd: plan.capAdd,
    SecurityOpt: [
      "no-new-privileges",
      ...(seccomp === undefined ? [] : [`seccomp=${seccomp}`]),
    ],
    Memory: plan.memory,
    // Memory and swap together: the same means no swap.
    MemorySwap: plan.memory,
    NanoCpus: Math.round(plan.cpus * 1e9),
    PidsLimit: plan.pids,
    ReadonlyRootfs: plan.readOnlyRootfs,
    Tmpfs: plan.tmpfs,
    Mounts: plan.mounts.map(bindMount),
    NetworkMode: plan.networkMode,
    IpcMode: "private",
    PidMode: "",
    UTSMode: "",
    UsernsMode: "",
    ExtraHosts: Object.entries(plan.extraHosts).map(([name, address]) =>
      `${name}:${address}`
    ),
    Dns: plan.dns,
    RestartPolicy: { Name: "no" },
    LogConfig: LOG_CONFIG,
    ...(runtime !== undefined && { Runtime: runtime }),
  };
}

function bindMount({ source, target, readOnly }: Required<Mount>) {
  return {
    Type: "bind",
    Source: source,
    Target: target,
    ReadOnly: readOnly,
    // What is mounted below the folder stays out: "read only" would not reach it.
    BindOptions: { Propagation: "rprivate", NonRecursive: true },
  };
}
