import { assertEquals } from "@std/assert";
import { nearestName } from "../../../backends/spec/nearest_name.ts";
import { SPEC_KEYS } from "../../../backends/spec/spec_fields.ts";

Deno.test("nearestName finds what was meant", () => {
  const cases = {
    readonlyRootFs: "readOnlyRootfs",
    read_only_rootfs: "readOnlyRootfs",
    ReadOnlyRootFS: "readOnlyRootfs",
    readonly: "readOnlyRootfs",
    memroy: "memory",
    Memory: "memory",
    mem: "memory",
    cpu: "cpus",
    pid: "pids",
    environment: "env",
    envs: "env",
    "work-dir": "workdir",
    ttl: "ttlMs",
    ttl_ms: "ttlMs",
    tiers: "tier",
    images: "image",
    mount: "mounts",
    cap_add: "capAdd",
    CapAdd: "capAdd",
    networkMode: "network",
    extra_hosts: "extraHosts",
    label: "labels",
    seccompProfile: "seccomp",
  };
  for (const [name, meant] of Object.entries(cases)) {
    assertEquals(nearestName(name, SPEC_KEYS), { name: meant, isClose: true });
  }
});

Deno.test("nearestName says when nothing is close", () => {
  for (const name of ["privileged", "xyzzy", "__proto__", "constructor", ""]) {
    const nearest = nearestName(name, SPEC_KEYS);
    assertEquals(nearest.isClose, false, `${name}: ${nearest.name}`);
    assertEquals(SPEC_KEYS.some((key) => key === nearest.name), true);
  }
});

Deno.test("nearestName does not compare the whole of an endless name", () => {
  const name = "x".repeat(10_000_000);
  assertEquals(nearestName(name, ["a", "b"]), { name: "a", isClose: false });
});
