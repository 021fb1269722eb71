// The ceilings of presets, through the check of a spec that names the tier.
import { assertEquals } from "@std/assert";
import type { LaunchSpec } from "../../../backends/mod.ts";
import type { TierPreset } from "../../../backends/tier_preset.ts";
import { refuses } from "../_refuses.ts";
import { launch } from "./_render_tier.ts";

const MIB = 2 ** 20;
const HEX = "0123456789abcdef".repeat(4);

// What a preset says, and what specs of its tier may and may not say.
const CEILINGS: [TierPreset, LaunchSpec[], LaunchSpec[]][] = [
  [
    { image: "alpine" },
    [{ image: "alpine" }, { image: "docker.io/library/alpine:latest" }],
    [{ image: "busybox" }, { image: "alpine:3" }, {
      image: `alpine@sha256:${HEX}`,
    }],
  ],
  [
    { memory: "2g" },
    [{ memory: "2g" }, { memory: 2048 * MIB }, { memory: "64m" }],
    [{ memory: "2049m" }, { memory: "3g" }],
  ],
  [
    { memory: "64m" },
    [{ memory: "64m" }, { memory: "32m" }],
    [{ memory: "65m" }, { memory: "1g" }, { tmpfs: { "/a": "size=65m" } }],
  ],
  [{ cpus: 4 }, [{ cpus: 4 }, { cpus: 0.5 }], [{ cpus: 4.1 }]],
  [{ pids: 1000 }, [{ pids: 1000 }, { pids: 1 }], [{ pids: 1001 }]],
  [{ ttlMs: 5000 }, [{ ttlMs: 5000 }, { ttlMs: 1000 }], [{ ttlMs: 5001 }]],
  [
    { readOnlyRootfs: false },
    [{ readOnlyRootfs: false }, { readOnlyRootfs: true }],
    [],
  ],
  [
    { readOnlyRootfs: true },
    [{ readOnlyRootfs: true }],
    [{ readOnlyRootfs: false }],
  ],
  [
    { user: "1000" },
    [{ user: "1000" }, { user: "01000" }],
    [{ user: "1001" }, { user: "0" }, { user: "root" }, { user: "1000:0" }],
  ],
  [
    { user: "root" },
    [{ user: "root" }, { user: "1000" }, { user: "nobody" }],
    [{ user: "0:0" }, { user: "0" }],
  ],
  [
    { command: ["a", "b"] },
    [{ command: ["a", "b"] }],
    [{ command: ["a"] }, { command: ["a", "b", "c"] }, { command: ["ab"] }],
  ],
  [{ workdir: "/a" }, [{ workdir: "/a" }], [{ workdir: "/" }]],
  [{ runtime: "runsc" }, [{ runtime: "runsc" }], [{ runtime: "runc" }]],
  [
    { seccomp: '{"defaultAction":"SCMP_ACT_ERRNO"}' },
    [{ seccomp: '{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [] }' }],
    [{ seccomp: '{"defaultAction":"SCMP_ACT_TRAP"}' }],
  ],
  [
    { env: { A: "1", B: "2" } },
    [{ env: {} }, { env: { A: "1" } }, { env: { C: "3" } }],
    [{ env: { A: "2" } }, { env: { B: "" } }],
  ],
  [
    { labels: { a: "1" } },
    [{ labels: { a: "1", b: "2" } }],
    [{ labels: { a: "2" } }],
  ],
  [
    { capAdd: ["CHOWN", "SETUID"] },
    [{ capAdd: [] }, { capAdd: ["setuid"] }],
    [{ capAdd: ["FOWNER"] }, { capAdd: ["CHOWN", "SETGID"] }],
  ],
  [
    { capAdd: [] },
    [{ capAdd: [] }],
    [{ capAdd: ["CHOWN"] }],
  ],
  [
    {
      mounts: [
        { source: "/srv/a", target: "/a" },
        { source: "/srv/b", target: "/b", readOnly: false },
      ],
    },
    [
      { mounts: [] },
      { mounts: [{ source: "/srv/a", target: "/a" }] },
      { mounts: [{ source: "/srv/b", target: "/b" }] },
      { mounts: [{ source: "/srv/b", target: "/b", readOnly: false }] },
    ],
    [
      { mounts: [{ source: "/srv/a", target: "/a", readOnly: false }] },
      { mounts: [{ source: "/srv/a", target: "/b" }] },
      { mounts: [{ source: "/srv", target: "/a" }] },
      { mounts: [{ source: "/srv/c", target: "/c" }] },
    ],
  ],
  [
    {
      tmpfs: {
        "/a": "size=64m,noexec,mode=700,uid=7,nr_inodes=10",
        "/b": "ro",
      },
    },
    [
      { tmpfs: {} },
      { tmpfs: { "/a": "" } },
      { tmpfs: { "/a": "size=64m,mode=0700,uid=7,nr_inodes=10" } },
      { tmpfs: { "/a": "size=1m,noexec,ro,nr_inodes=9", "/b": "noexec" } },
    ],
    [
      { tmpfs: { "/c": "" } },
      { tmpfs: { "/a": "size=65m" } },
      { tmpfs: { "/a": "exec" } },
      { tmpfs: { "/a": "mode=777" } },
      { tmpfs: { "/a": "uid=8" } },
      { tmpfs: { "/a": "gid=8" } },
      { tmpfs: { "/a": "nr_inodes=11" } },
      { tmpfs: { "/b": "rw" } },
      { tmpfs: { "/b": "size=257m" } },
    ],
  ],
  [
    { network: { unrestricted: true }, dns: ["10.0.0.1", "10.0.0.2"] },
    [{ dns: [] }, { dns: ["10.0.0.2"] }],
    [{ dns: ["10.0.0.3"] }, { dns: ["10.0.0.1"], network: "none" }],
  ],
  [
    { network: { unrestricted: true }, extraHosts: { a: "10.0.0.1" } },
    [{ extraHosts: {} }, { extraHosts: { a: "10.0.0.1" } }],
    [{ extraHosts: { a: "10.0.0.2" } }, { extraHosts: { b: "10.0.0.1" } }],
  ],
];

for (const [preset, tighter, looser] of CEILINGS) {
  const name = Object.entries(preset)
    .map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(" and ");
  Deno.test(`tightenFields takes a preset's ${name.slice(0, 80)} for a ceiling`, () => {
    for (const spec of tighter) launch(preset, spec);
    for (const spec of looser) {
      refuses("spec_refused", () => launch(preset, spec));
    }
  });
}

Deno.test("tightenFields keeps a preset's values where a spec says less", () => {
  const env = { A: "1", B: "2" };
  assertEquals(launch({ env }, { env: { C: "3" } }).env, { ...env, C: "3" });
  const shrunk = launch({ memory: "2g", tmpfs: { "/a": "size=1g" } }, {
    memory: "64m",
  });
  assertEquals(shrunk.tmpfs[0]?.size, 64 * MIB);
  const [folder] = launch({ tmpfs: { "/a": "size=64m,noexec,mode=700" } }, {
    tmpfs: { "/a": "ro" },
  }).tmpfs;
  assertEquals([folder?.size, folder?.exec, folder?.readOnly, folder?.mode], [
    64 * MIB,
    false,
    true,
    "700",
  ]);
});
