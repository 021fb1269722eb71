import { assertEquals } from "@std/assert";
import {
  checkDistinctTargets,
  checkMountSource,
  checkMountTarget,
  readMounts,
} from "../../../backends/spec/mount_check.ts";
import { refuses } from "../_refuses.ts";

const SOCKETS = ["/home/me/.docker/run/docker.sock", "/opt/engine/../e/e.sock"];

Deno.test("checkMountSource takes folders that have nothing to do with the engine", () => {
  const paths = [
    ...[
      "/home/me/project",
      "/home/me/.docker/config",
      "/srv",
      "/tmp/zu-1",
      "/a",
    ],
    ...["/var/tmp/x", "/var/lib/dockerish", "/var/lib/postgres", "/var/log"],
    ...[
      "/run/myapp",
      "/var/run/myapp",
      "/run/docker.sock2",
      "/devices",
      "/procs",
    ],
    ...["/opt/engine", "/opt/e/e.sock.bak", "/home/me2", "/var/run/dockershim"],
  ];
  for (const path of paths) checkMountSource(path, SOCKETS);
});

Deno.test("lesson 24: checkMountSource refuses what is, contains or is inside of an engine's or the kernel's", () => {
  const cases: [string, string][] = [
    ["/", "contains"],
    ["/run", "contains"],
    ["/var", "contains"],
    ["/var/run", "contains"],
    ["/var/lib", "contains"],
    ["/var/run/docker.sock", "is /var/run/docker.sock"],
    ["/run/docker.sock", "is /run/docker.sock"],
    ["/run/docker", "is /run/docker"],
    ["/run/docker/plugins/x.sock", "is inside /run/docker"],
    ["/run/containerd", "is /run/containerd"],
    ["/run/containerd/containerd.sock", "is inside"],
    ["/var/run/containerd/containerd.sock", "is inside"],
    ["/run/podman/podman.sock", "is inside"],
    ["/var/run/podman", "is /var/run/podman"],
    ["/run/user", "is /run/user"],
    ["/run/user/1000", "is inside"],
    ["/run/user/1000/docker.sock", "is inside"],
    ["/run/user/1000/podman/podman.sock", "is inside"],
    ["/run/crio/crio.sock", "is inside"],
    ["/run/k3s/containerd/containerd.sock", "is inside"],
    ["/var/lib/docker", "is /var/lib/docker"],
    ["/var/lib/docker/volumes/x/_data", "is inside"],
    ["/var/lib/containerd", "is /var/lib/containerd"],
    ["/var/lib/containers/storage", "is inside"],
    ["/proc", "is /proc"],
    ["/proc/1/root", "is inside /proc"],
    ["/sys", "is /sys"],
    ["/sys/fs/cgroup", "is inside /sys"],
    ["/dev", "is /dev"],
    ["/dev/sda", "is inside /dev"],
    ["/dev/shm", "is inside /dev"],
    // macOS, where /var is a link.
    ["/private", "contains"],
    ["/private/var", "contains"],
    ["/private/var/run/docker.sock", "is /var/run/docker.sock"],
    // The engine in use, wherever it is.
    ["/home/me/.docker/run/docker.sock", "is /home/me"],
    ["/home/me/.docker/run", "contains /home/me"],
    ["/home/me/.docker", "contains /home/me"],
    ["/home/me", "contains /home/me"],
    ["/home", "contains /home/me"],
    ["/opt", "contains"],
    ["/opt/e/e.sock", "is /opt/engine/../e/e.sock"],
  ];
  for (const [path, words] of cases) {
    refuses(
      "spec_refused",
      () => checkMountSource(path, SOCKETS),
      `the host's ${path} cannot be mounted: it ${words}`,
    );
  }
});

Deno.test("lesson 24: checkMountSource refuses detours to the socket", () => {
  const paths = [
    ...[
      "//var/run/docker.sock",
      "/var//run/docker.sock",
      "/var/run/docker.sock/",
    ],
    ...["/var/run/./docker.sock", "/var/run/../run/docker.sock", "/var/lib/.."],
    ...["/srv/../var/run/docker.sock", "/.", "/..", "//", "/srv/../.."],
    ...["var/run/docker.sock", "../run/docker.sock", "", "docker.sock"],
    ...["/var/run/docker.sock\0", "/srv\0/../run/docker.sock", "/srv\n"],
    ...["/srv:/var/run/docker.sock", "unix:///var/run/docker.sock"],
  ];
  for (const path of paths) {
    refuses("spec_refused", () => checkMountSource(path, SOCKETS));
  }
});

Deno.test("checkMountTarget keeps the kernel's folders, the root and the init", () => {
  for (
    const target of ["/tmp", "/dev/shm", "/a/dev", "/procs", "/run", "/etc"]
  ) {
    checkMountTarget(target, "the target");
  }
  const kept = [
    ...[
      "/",
      "/proc",
      "/proc/self",
      "/sys",
      "/sys/fs/cgroup",
      "/dev",
      "/dev/null",
    ],
    ...["/dev/shm/a", "/dev/shmem", "/sbin/docker-init", "/run/podman-init"],
  ];
  for (const target of kept) {
    refuses(
      "spec_refused",
      () => checkMountTarget(target, "the target"),
      target,
    );
  }
});

Deno.test("readMounts fills readOnly in, and copies", () => {
  const given = { source: "/srv/a", target: "/a" };
  const mounts = readMounts([
    given,
    { source: "/srv/a", target: "/b", readOnly: false },
    { source: "/srv/c", target: "/c", readOnly: undefined },
  ]);
  given.source = "/";
  assertEquals(mounts, [
    { source: "/srv/a", target: "/a", readOnly: true },
    { source: "/srv/a", target: "/b", readOnly: false },
    { source: "/srv/c", target: "/c", readOnly: true },
  ]);
  assertEquals([mounts, ...mounts].every(Object.isFrozen), true);
});

Deno.test("readMounts refuses what is no mount", () => {
  const mount = { source: "/srv", target: "/a" };
  const cases: [unknown, string][] = [
    [mount, "mounts is an object"],
    ["/srv:/a", "mounts is"],
    [null, "mounts is null"],
    [["/srv:/a:rw"], "mounts[0] is"],
    [[mount, null], "mounts[1] is null"],
    [[[]], "mounts[0] is an array"],
    [[{ target: "/a" }], "mounts[0].source is undefined"],
    [[{ source: "/srv" }], "mounts[0].target is undefined"],
    [[{ source: 1, target: "/a" }], "mounts[0].source is 1"],
    [[{ ...mount, readOnly: "false" }], "mounts[0].readOnly"],
    [[{ ...mount, readOnly: 0 }], "mounts[0].readOnly"],
    [[{ ...mount, readonly: false }], "did you mean readOnly?"],
    [[{ ...mount, propagation: "shared" }], "propagation"],
    [[{ ...mount, target: "/proc" }], "mounts[0].target"],
    [[{ ...mount, target: "/a/../proc" }], "mounts[0].target"],
    [[{ ...mount, source: "/srv/.." }], "mounts[0].source"],
    [Array.from({ length: 65 }, () => mount), "65 entries"],
  ];
  for (const [mounts, words] of cases) {
    refuses("spec_refused", () => readMounts(mounts), words);
  }
});

Deno.test("checkDistinctTargets refuses two things at one place", () => {
  const mounts = readMounts([
    { source: "/srv/a", target: "/a" },
    { source: "/srv/b", target: "/a/b" },
  ]);
  checkDistinctTargets(mounts, ["/tmp", "/a/c"]);
  for (
    const [list, tmpfs] of [[mounts, ["/a/b"]], [
      [...mounts, mounts[0]!],
      [],
    ]] as const
  ) {
    refuses("spec_refused", () => checkDistinctTargets(list, tmpfs), "twice");
  }
});
