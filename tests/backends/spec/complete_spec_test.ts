// What is granted, through the check of a spec.
import {
  type CheckedSpec,
  DEFAULT_GRANTS,
  type LaunchGrants,
} from "../../../backends/spec/complete_spec.ts";
import { checkLaunchSpec } from "../../../backends/spec/launch_spec_check.ts";
import { refuses } from "../_refuses.ts";

const MIB = 2 ** 20;
const GRANTS: LaunchGrants = {
  ...DEFAULT_GRANTS,
  ttlMsMax: 7_200_000,
  socketPaths: ["/opt/engine/engine.sock"],
};

/** Checks a spec that may be anything, with an image. */
function check(spec: Record<string, unknown>, grants = GRANTS): CheckedSpec {
  return checkLaunchSpec({ image: "alpine", ...spec }, grants);
}

const LOOSER: [Record<string, unknown>, string][] = [
  [{ memory: 0 }, "memory is 0"],
  [{ memory: "0" }, 'memory is "0"'],
  [{ memory: -1 }, "memory is -1"],
  [{ memory: "-1" }, "memory is"],
  [{ memory: NaN }, "memory is NaN"],
  [{ memory: Infinity }, "memory is Infinity"],
  [
    { memory: 1024 * MIB + 1 },
    "memory is 1073741825 bytes, but the backend grants 1g",
  ],
  [{ memory: "1025m" }, "memory is 1025m, but the backend grants 1g"],
  [{ memory: "2g" }, "a spec can only tighten"],
  [{ memory: "1t" }, "a spec can only tighten"],
  [{ memory: 6 * MIB - 1 }, "at least 6m"],
  [{ memory: "1k" }, "at least 6m"],
  [{ memory: 7 * MIB + 0.5 }, "whole bytes"],
  [{ memory: "unlimited" }, "memory is"],
  [{ memory: "" }, "memory is"],
  [{ memory: null }, "memory is null"],
  [{ memory: true }, "memory is true"],
  [{ memory: 10n }, "memory is 10"],
  [{ memory: ["512m"] }, "memory is an array"],
  [{ cpus: 0 }, "cpus is 0"],
  [{ cpus: -1 }, "cpus is -1"],
  [{ cpus: 0.009 }, "at least 0.01"],
  [{ cpus: 1.01 }, "cpus is 1.01, but the backend grants 1"],
  [{ cpus: 64 }, "a spec can only tighten"],
  [{ cpus: NaN }, "cpus is NaN"],
  [{ cpus: Infinity }, "cpus is Infinity"],
  [{ cpus: "1" }, 'cpus is "1"'],
  [{ cpus: null }, "cpus is null"],
  [{ pids: 0 }, "pids is 0"],
  [{ pids: -1 }, "pids is -1"],
  [{ pids: 1.5 }, "pids is 1.5"],
  [{ pids: 257 }, "pids is 257, but the backend grants 256"],
  [{ pids: "256" }, "pids is"],
  [{ pids: NaN }, "pids is NaN"],
  [{ pids: null }, "pids is null"],
  [{ readOnlyRootfs: false }, "readOnlyRootfs is false"],
  [{ readOnlyRootfs: "true" }, "readOnlyRootfs is"],
  [{ readOnlyRootfs: 0 }, "readOnlyRootfs is 0"],
  [{ readOnlyRootfs: null }, "readOnlyRootfs is null"],
  [{ ttlMs: 0 }, "ttlMs is 0"],
  [{ ttlMs: 999 }, "at least 1000"],
  [{ ttlMs: 7_200_001 }, "ttlMs is 7200001, but the backend grants 7200000"],
  [{ ttlMs: Infinity }, "ttlMs is Infinity"],
  [{ ttlMs: "1000" }, "ttlMs is"],
  [{ ttlMs: -1 }, "ttlMs is -1"],
  [{ capAdd: ["SYS_ADMIN"] }, "SYS_ADMIN"],
  [{ capAdd: ["ALL"] }, "ALL"],
  [{ seccomp: "unconfined" }, "seccomp is"],
  [{ seccomp: '{"defaultAction":"SCMP_ACT_ALLOW"}' }, "looser"],
  [{ tmpfs: { "/a": "suid" } }, "suid"],
  [{ tmpfs: { "/a": "dev" } }, "dev"],
  [{ tmpfs: { "/a": "size=0" } }, "size"],
  [{ tmpfs: { "/a": "size=2g" } }, "size 2g"],
  [{ memory: "64m", tmpfs: { "/a": "size=65m" } }, "size 65m"],
  [{ tmpfs: { "/proc": "" } }, "/proc"],
  ...["/", "/var/run/docker.sock", "/var/run", "/proc", "/opt", "/dev/sda"].map(
    (source): [Record<string, unknown>, string] => [
      { mounts: [{ source, target: "/x" }] },
      `the host's ${source} cannot be mounted`,
    ],
  ),
  [{ mounts: [{ source: "/opt/engine/engine.sock", target: "/x" }] }, "cannot"],
  [{ mounts: [{ source: "/srv", target: "/sys" }] }, "/sys"],
  [{ labels: { "zu.owner": "me" } }, "zu.owner"],
];

Deno.test("lesson 24: completeSpec refuses whatever would loosen what the backend grants", () => {
  for (const [spec, words] of LOOSER) {
    refuses("spec_refused", () => check(spec), words);
  }
});

Deno.test("completeSpec takes amounts at their bounds", () => {
  const bounds: Record<string, unknown>[] = [
    ...[{ memory: "1g" }, { memory: 1024 * MIB }, { memory: 6 * MIB }],
    ...[{ memory: "6m" }, { cpus: 1 }, { cpus: 0.01 }, { pids: 256 }],
    ...[{ pids: 1 }, { ttlMs: 1000 }, { ttlMs: 7_200_000 }],
    { tmpfs: { "/a": "size=1g" } },
  ];
  for (const spec of bounds) check(spec);
  check({ readOnlyRootfs: false }, { ...GRANTS, readOnlyRootfs: false });
});
