import type { Posture } from "../posture.ts";
import type { AnswerShape } from "./answer_shape.ts";
import type { ContainerPlan } from "./container_config.ts";
import type { Inside } from "./inside.ts";

/** The part of the engine's answer about a container that is looked at. */
export interface ContainerState {
  readonly Id: string;
  readonly State: { readonly Running: boolean; readonly ExitCode: number };
  readonly HostConfig: {
    readonly Privileged: boolean;
    readonly CapDrop: readonly string[] | null;
    readonly CapAdd: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly Memory: number;
    readonly MemorySwap: number;
    readonly NanoCpus: number;
    readonly PidsLimit: number | null;
    readonly ReadonlyRootfs: boolean;
    readonly NetworkMode: string;
    readonly PidMode: string;
    readonly IpcMode: string;
    readonly UsernsMode: string;
    readonly UTSMode?: string;
    readonly Init: boolean | null;
    readonly AutoRemove: boolean;
    readonly Runtime: string;
    readonly Devices: readonly unknown[] | null;
    readonly DeviceRequests?: readonly unknown[] | null;
    readonly DeviceCgroupRules?: readonly unknown[] | null;
    readonly MaskedPaths: readonly string[] | null;
    readonly ReadonlyPaths: readonly string[] | null;
    readonly Tmpfs?: Readonly<Record<string, string>> | null;
  };
  readonly Mounts: readonly {
    readonly Type: string;
    readonly Source: string;
    readonly Destination: string;
    readonly RW: boolean;
  }[];
}

/** What of a container's state has to be there. */
export const STATE_SHAPE: AnswerShape = {
  "State.Running": "boolean",
  "HostConfig": "object",
  "HostConfig.CapDrop": "list?",
  "HostConfig.CapAdd": "list?",
  "HostConfig.SecurityOpt": "list?",
  "HostConfig.Devices": "list?",
  "HostConfig.DeviceRequests": "list?",
  "HostConfig.DeviceCgroupRules": "list?",
  "HostConfig.MaskedPaths": "list?",
  "HostConfig.ReadonlyPaths": "list?",
  "HostConfig.Tmpfs": "object?",
  "Mounts": "list",
  "Mounts.*.Type": "string",
  "Mounts.*.Destination": "string",
};

/** Capabilities by their bits, as linux/capability.h numbers them. */
const CAPABILITIES = [
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETUID",
  "SETPCAP",
  "LINUX_IMMUTABLE",
  "NET_BIND_SERVICE",
  "NET_BROADCAST",
  "NET_ADMIN",
  "NET_RAW",
  "IPC_LOCK",
  "IPC_OWNER",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_CHROOT",
  "SYS_PTRACE",
  "SYS_PACCT",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_NICE",
  "SYS_RESOURCE",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "MKNOD",
  "LEASE",
  "AUDIT_WRITE",
  "AUDIT_CONTROL",
  "SETFCAP",
  "MAC_OVERRIDE",
  "MAC_ADMIN",
  "SYSLOG",
  "WAKE_ALARM",
  "BLOCK_SUSPEND",
  "AUDIT_READ",
  "PERFMON",
  "BPF",
  "CHECKPOINT_RESTORE",
];

/** What a posture is put together from. */
export interface Seen {
  readonly plan: ContainerPlan;
  readonly state: ContainerState;
  /** What it looks like from within; undefined without a shell. */
  readonly inside: Inside | undefined;
}

/** Puts a posture together, and compares it with what was asked for. */
export function readPosture({ plan, state, inside }: Seen): Posture {
  const host = state.HostConfig;
  const capabilities = inside?.boundingSet === undefined
    ? (host.CapAdd ?? []).map((name) => name.replace(/^CAP_/, ""))
    : capabilityNames(inside.boundingSet);
  const posture: Omit<Posture, "problems"> = {
    uid: inside?.uid ?? null,
    gid: inside?.gid ?? null,
    capabilities,
    noNewPrivileges: inside?.noNewPrivileges ??
      (host.SecurityOpt ?? []).includes("no-new-privileges"),
    seccomp: inside?.isFiltered === undefined
      ? "unknown"
      : inside.isFiltered
      ? "filter"
      : "none",
    memory: limit(inside?.memory ?? host.Memory),
    swap: host.MemorySwap < host.Memory ? null : host.MemorySwap - host.Memory,
    cpus: host.NanoCpus > 0 ? host.NanoCpus / 1e9 : null,
    pids: limit(inside?.pids ?? host.PidsLimit ?? 0),
    readOnlyRootfs: inside?.readOnlyRootfs ?? host.ReadonlyRootfs,
    init: host.Init === true,
    interfaces: inside?.interfaces ?? [],
    mounts: state.Mounts.filter(({ Type }) => Type !== "tmpfs").map((
      mount,
    ) => ({
      source: mount.Source,
      target: mount.Destination,
      readOnly: !mount.RW,
    })).sort((a, b) => Number(a.readOnly) - Number(b.readOnly)),
    runtime: host.Runtime,
    expiry: plan.isHolderApart && inside?.hasSleep ? "sandbox" : "process",
    endsRuns: inside?.locksOption !== undefined &&
      inside.shell !== undefined,
    seenFromInside: inside !== undefined,
  };
  return {
    ...posture,
    problems: [
      ...engineProblems(plan, state, inside),
      ...insideProblems(plan, posture, inside),
    ],
  };
}

/** What the engine itself says that it did not do. */
function engineProblems(
  plan: ContainerPlan,
  { HostConfig: host, Mounts }: ContainerState,
  inside: Inside | undefined,
): string[] {
  const options = host.SecurityOpt ?? [];
  const dropped = (host.CapDrop ?? []).map((name) => name.toUpperCase());
  const mounted = (target: string) =>
    Mounts.find(({ Destination }) => Destination === target);
  return failing([
    ["it is privileged", !host.Privileged],
    ["capabilities are not dropped", hasDropped(dropped)],
    [
      "new privileges can be gained",
      options.some(isNoNewPrivileges) &&
      options.every((each) => isNoNewPrivileges(each) || !/^no-new/.test(each)),
    ],
    ["a filter of system calls is off", !options.some(isUnconfined)],
    [
      "its seccomp profile is another one",
      plan.seccomp === undefined || options.some(isSeccomp),
    ],
    ["memory is not limited", host.Memory === plan.memory],
    ["swap is not limited", host.MemorySwap === plan.memory],
    ["processors are not limited", isNear(host.NanoCpus, plan.cpus * 1e9)],
    ["processes are not limited", host.PidsLimit === plan.pids],
    [
      "the image's files can be written to",
      host.ReadonlyRootfs === plan.readOnlyRootfs,
    ],
    ["there is no init", host.Init === true],
    [
      "it has another network",
      plan.networkMode === "bridge" || host.NetworkMode === plan.networkMode,
    ],
    ["it shares others' processes", isPrivate(host.PidMode)],
    ["it shares others' memory", isPrivate(host.IpcMode)],
    ["it shares the host's users", isPrivate(host.UsernsMode)],
    ["it shares the host's name", isPrivate(host.UTSMode)],
    ["it has devices", hasNone(host.Devices)],
    [
      "it has devices that were asked for otherwise",
      hasNone(host.DeviceRequests),
    ],
    ["it may make devices", hasNone(host.DeviceCgroupRules)],
    ["it would stay when it ends", host.AutoRemove],
    [
      "kernel files are not masked",
      toldOrSeen(host.MaskedPaths, inside?.unmasked?.length === 0),
    ],
    [
      "kernel files can be written",
      toldOrSeen(host.ReadonlyPaths, inside?.readOnlyKernel === true),
    ],
    [
      `its runtime is ${host.Runtime}`,
      plan.runtime === undefined || host.Runtime === plan.runtime,
    ],
    ...Mounts.filter(({ Type, Destination }) =>
      Type !== "tmpfs" &&
      !plan.mounts.some(({ target }) => target === Destination)
    ).map(({ Destination }): Check => [
      `something of the host is at ${Destination}, which nobody asked for`,
      false,
    ]),
    ...plan.mounts.map(({ target, readOnly }): Check => [
      `${target} can be written to`,
      !readOnly || mounted(target)?.RW === false,
    ]),
  ]);
}

/** What is not so from within. */
function insideProblems(
  plan: ContainerPlan,
  posture: Omit<Posture, "problems">,
  inside: Inside | undefined,
): string[] {
  if (inside === undefined) return [];
  // Other runtimes than the engine's own do not show all of it.
  const isOpaque = plan.runtime !== undefined;
  const added = new Set(plan.capAdd);
  const { memory, pids, interfaces } = posture;
  return failing([
    [
      `it has the capabilities ${posture.capabilities.join(", ")}`,
      posture.capabilities.every((name) => added.has(name)),
    ],
    [
      "new privileges can be gained, seen from within",
      inside.noNewPrivileges ?? isOpaque,
    ],
    ["system calls are not filtered", inside.isFiltered ?? isOpaque],
    [
      "the image's files can be written to, seen from within",
      !plan.readOnlyRootfs || (inside.readOnlyRootfs ?? isOpaque),
    ],
    [
      `its memory is limited to ${bytes(memory)}, seen from within`,
      inside.memory === undefined || inside.memory <= plan.memory,
    ],
    [
      `its processes are limited to ${pids ?? "any number"}, seen from within`,
      inside.pids === undefined || inside.pids <= plan.pids,
    ],
    [
      `it has the network interfaces ${interfaces.join(", ")}`,
      plan.networkMode === "bridge" ||
      interfaces.every((name) => name === "lo"),
    ],
  ]);
}

/** What is wrong where the other is false. */
type Check = readonly [problem: string, holds: boolean];

function failing(checks: readonly Check[]): string[] {
  return checks.filter(([, holds]) => !holds).map(([problem]) => problem);
}

/** Podman spells all of them out. */
function hasDropped(dropped: readonly string[]): boolean {
  if (dropped.includes("ALL") || dropped.includes("CAP_ALL")) return true;
  return dropped.length >= 11;
}

/** Podman does not tell which paths it guards, so that it has to be seen. */
function toldOrSeen(paths: readonly string[] | null, isSeen: boolean): boolean {
  const told = paths?.length;
  return told === undefined ? isSeen : told > 0;
}

function isNoNewPrivileges(option: string): boolean {
  return /^no-new-privileges(?:[:=]true)?$/.test(option);
}

function isUnconfined(option: string): boolean {
  return /^[a-z]+[:=]unconfined$/.test(option);
}

function isSeccomp(option: string): boolean {
  return /^seccomp[:=]/.test(option);
}

/** Of its own, or the engine's default, which is its own; not the host's. */
function isPrivate(mode: string | undefined): boolean {
  return ["", "private", "shareable"].includes(mode ?? "");
}

function hasNone(list: readonly unknown[] | null | undefined): boolean {
  return (list ?? []).length === 0;
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) < 1e6;
}

function bytes(size: number | null): string {
  return size === null ? "all there is" : `${size} bytes`;
}

/** None is 0 to the engine, and a number beyond all memory to cgroup v1. */
function limit(value: number): number | null {
  return value <= 0 || value >= 2 ** 60 ? null : value;
}

function capabilityNames(bits: bigint): string[] {
  const names: string[] = [];
  for (let bit = 0; bits >> BigInt(bit) > 0n; bit++) {
    if ((bits >> BigInt(bit)) & 1n) {
      names.push(CAPABILITIES[bit] ?? `bit ${bit}`);
    }
  }
  return names;
}
