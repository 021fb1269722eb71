import { absolutePath, isWithin, normalPath } from "./absolute_path.ts";
import { refusal } from "./refusal.ts";
import { booleanOf, fieldsOf, listOf, wrong } from "./spec_values.ts";
import type { Mount } from "../launch_spec.ts";

const MOUNT_COUNT_MAX = 64;
const KEYS = ["source", "target", "readOnly"] as const satisfies readonly (
  keyof Mount
)[];

/**
 * What gives power over the host to whoever has it inside: the kernel's own
 * folders, the sockets of container engines, and where those keep their data.
 */
const PROTECTED_SOURCES = [
  "/proc",
  "/sys",
  "/dev",
  ...["/run", "/var/run"].flatMap((run) => [
    `${run}/docker.sock`,
    `${run}/docker`,
    `${run}/containerd`,
    `${run}/podman`,
    `${run}/crio`,
    `${run}/k3s`,
    // The sockets of rootless engines.
    `${run}/user`,
  ]),
  "/var/lib/docker",
  "/var/lib/containerd",
  "/var/lib/containers",
];

/** What the engine itself puts there, and what its own guards are about. */
const PROTECTED_TARGETS = [
  "/proc",
  "/sys",
  "/dev",
  // The init that reaps, as Docker and Podman bring it in.
  "/sbin/docker-init",
  "/run/podman-init",
];

/** What of the host is inside, with nothing left open. */
export type CheckedMount = Required<Mount>;

/** Reads mounts, which may be anything. Sources are checked apart. */
export function readMounts(
  value: unknown,
  what = "mounts",
): readonly CheckedMount[] {
  const mounts = listOf(value, what, MOUNT_COUNT_MAX).map((mount, i) => {
    const name = `${what}[${i}]`;
    const fields = fieldsOf(mount, name, KEYS);
    const target = absolutePath(fields.get("target"), `${name}.target`);
    checkMountTarget(target, `${name}.target`);
    return Object.freeze({
      source: absolutePath(fields.get("source"), `${name}.source`),
      target,
      readOnly: booleanOf(fields.get("readOnly") ?? true, `${name}.readOnly`),
    });
  });
  return Object.freeze(mounts);
}

/**
 * Refuses a path of the host that is, contains, or is inside of what gives power
 * over the host: the engine's socket above all.
 *
 * It looks at the path alone. Links can lead anywhere, so it has to be asked
 * again about the real path.
 *
 * @param path An absolute path.
 * @param socketPaths The sockets of the engine in use, and others to protect.
 * @throws {BackendError} `spec_refused`
 */
export function checkMountSource(
  path: string,
  socketPaths: readonly string[],
): void {
  const source = hostPath(absolutePath(path, "a mount's source"));
  for (const each of [...PROTECTED_SOURCES, ...socketPaths]) {
    const guarded = hostPath(normalPath(each));
    const relation = source === guarded
      ? "is"
      : isWithin(source, guarded)
      ? "is inside"
      : isWithin(guarded, source)
      ? "contains"
      : undefined;
    if (relation !== undefined) {
      throw refusal(
        `the host's ${path} cannot be mounted: it ${relation} ${each}, ` +
          "which gives power over the host. Mount a folder with nothing but " +
          "what the sandbox needs",
      );
    }
  }
}

/** A path as it is without macOS's `/private`, to which its links lead. */
function hostPath(path: string): string {
  return path === "/private" ? "/" : path.replace(/^\/private(?=\/)/, "");
}

/**
 * Refuses a path in a sandbox that cannot be mounted over.
 *
 * @param target The path.
 * @param what What it is for, as messages name it.
 * @throws {BackendError} `spec_refused`
 */
export function checkMountTarget(target: string, what: string): void {
  if (target === "/dev/shm") return;
  const guarded = PROTECTED_TARGETS.find((each) => isWithin(target, each));
  if (target !== "/" && guarded === undefined) return;
  wrong(
    what,
    target,
    target === "/"
      ? "it must be a folder of its own"
      : `nothing may be mounted over ${guarded}, but for /dev/shm`,
  );
}

/**
 * Refuses two things at one place.
 *
 * @param mounts The mounts.
 * @param tmpfs Where the folders in memory are.
 * @throws {BackendError} `spec_refused`
 */
export function checkDistinctTargets(
  mounts: readonly CheckedMount[],
  tmpfs: Iterable<string>,
): void {
  const taken = new Set(tmpfs);
  for (const { target } of mounts) {
    if (taken.has(target)) {
      throw refusal(`mounts and tmpfs have ${target} twice; keep one of them`);
    }
    taken.add(target);
  }
}
