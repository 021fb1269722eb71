import { assert, assertEquals } from "@std/assert";
import {
  type ContainerState,
  readPosture,
} from "../../../backends/local_docker/check_posture.ts";
import {
  containerConfig,
  type ContainerPlan,
} from "../../../backends/local_docker/container_config.ts";
import type { Inside } from "../../../backends/local_docker/inside.ts";

const plan: ContainerPlan = {
  imageId: "sha256:0",
  command: ["sh", "-c", "wait"],
  user: "65533:65533",
  isHolderApart: true,
  env: { A: "b=c" },
  workdir: undefined,
  labels: { "zu.backend": "local-docker" },
  memory: 2 ** 30,
  cpus: 0.5,
  pids: 64,
  readOnlyRootfs: true,
  tmpfs: { "/tmp": "rw,nosuid,nodev,exec,size=1,mode=1777" },
  extraHosts: {},
  dns: [],
  seccomp: undefined,
  runtime: undefined,
  capAdd: ["CHOWN"],
  mounts: [{ source: "/srv/in", target: "/in", readOnly: true }],
  networkMode: "none",
};

/** What an engine answers that did what it was asked for. */
const state: ContainerState = {
  Id: "0",
  State: { Running: true, ExitCode: 0 },
  HostConfig: {
    Privileged: false,
    CapDrop: ["ALL"],
    CapAdd: ["CHOWN"],
    SecurityOpt: ["no-new-privileges"],
    Memory: 2 ** 30,
    MemorySwap: 2 ** 30,
    NanoCpus: 5e8,
    PidsLimit: 64,
    ReadonlyRootfs: true,
    NetworkMode: "none",
    PidMode: "",
    IpcMode: "private",
    UsernsMode: "",
    Init: true,
    AutoRemove: true,
    Runtime: "runc",
    Devices: null,
    MaskedPaths: ["/proc/kcore"],
    ReadonlyPaths: ["/proc/sys"],
  },
  Mounts: [
    { Type: "bind", Source: "/srv/in", Destination: "/in", RW: false },
  ],
};

const inside: Inside = {
  uid: 65533,
  gid: 65533,
  named: undefined,
  boundingSet: 1n,
  noNewPrivileges: true,
  isFiltered: true,
  readOnlyRootfs: true,
  unmasked: undefined,
  readOnlyKernel: undefined,
  interfaces: ["lo"],
  memory: 2 ** 30,
  pids: 64,
  shell: "/bin/sh",
  locksOption: "x",
  hasSleep: true,
};

Deno.test("readPosture finds no problem where all is as asked for", () => {
  const posture = readPosture({ plan, state, inside });
  assertEquals(posture.problems, []);
  assertEquals(posture.capabilities, ["CHOWN"]);
  assertEquals([posture.swap, posture.cpus, posture.expiry], [
    0,
    0.5,
    "sandbox",
  ]);
  const blind = readPosture({ plan, state, inside: undefined });
  assertEquals([blind.problems, blind.seenFromInside], [[], false]);
});

Deno.test("readPosture looks for itself at the kernel's files where the engine does not tell", () => {
  const HostConfig = {
    ...state.HostConfig,
    MaskedPaths: null,
    ReadonlyPaths: null,
  };
  const silent = { ...state, HostConfig };
  const problems = (seen: Inside | undefined) =>
    readPosture({ plan, state: silent, inside: seen }).problems.length;
  const guarded = { ...inside, unmasked: [], readOnlyKernel: true };
  assertEquals(problems(guarded), 0);
  assertEquals(problems({ ...guarded, unmasked: ["kcore"] }), 1);
  assertEquals(problems({ ...guarded, readOnlyKernel: false }), 1);
  assertEquals([problems(inside), problems(undefined)], [2, 2]);
});

/** What an engine may have left out, each as the answer that shows it. */
const LACKS: Readonly<Record<string, Partial<ContainerState["HostConfig"]>>> = {
  "it is privileged": { Privileged: true },
  "capabilities are not dropped": { CapDrop: ["NET_RAW"] },
  "no capability is dropped": { CapDrop: null },
  "new privileges": { SecurityOpt: null },
  "new privileges after all": {
    SecurityOpt: ["no-new-privileges:false"],
  },
  "an open filter": {
    SecurityOpt: ["no-new-privileges", "seccomp=unconfined"],
  },
  "no limit of memory": { Memory: 0 },
  "a discarded limit of swap": { MemorySwap: -1 },
  "swap beside memory": { MemorySwap: 2 ** 31 },
  "no limit of processors": { NanoCpus: 0 },
  "no limit of processes": { PidsLimit: null },
  "unlimited processes": { PidsLimit: 0 },
  "a writable image": { ReadonlyRootfs: false },
  "no init": { Init: false },
  "a network": { NetworkMode: "bridge" },
  "the host's network": { NetworkMode: "host" },
  "the host's processes": { PidMode: "host" },
  "the host's memory": { IpcMode: "host" },
  "the host's users": { UsernsMode: "host" },
  "devices": { Devices: [{}] },
  "nothing masked": { MaskedPaths: [] },
  "nothing read-only": { ReadonlyPaths: null },
};

for (const [what, changed] of Object.entries(LACKS)) {
  Deno.test(`readPosture finds ${what}`, () => {
    const HostConfig = { ...state.HostConfig, ...changed };
    const lacking = { ...state, HostConfig };
    const { problems } = readPosture({ plan, state: lacking, inside });
    assertEquals(problems.length, 1, problems.join("; "));
  });
}

Deno.test("readPosture finds a mount that can be written to, and another runtime", () => {
  const Mounts = [{ ...state.Mounts[0]!, RW: true }];
  const { problems, mounts } = readPosture({
    plan,
    state: { ...state, Mounts },
    inside,
  });
  assertEquals(problems.length, 1);
  assertEquals(mounts[0]!.readOnly, false);
  const asked = { ...plan, runtime: "runsc" };
  assertEquals(readPosture({ plan: asked, state, inside }).problems.length, 1);
});

const SEEN: Readonly<Record<string, Partial<Inside>>> = {
  "a capability too many": { boundingSet: 1n | (1n << 21n) },
  "one of a kernel to come": { boundingSet: 1n | (1n << 60n) },
  "new privileges": { noNewPrivileges: false },
  "no filter": { isFiltered: false },
  "no word of a filter": { isFiltered: undefined },
  "a writable image": { readOnlyRootfs: false },
  "an interface": { interfaces: ["lo", "eth0"] },
  "more memory": { memory: 2 ** 31 },
  "more processes": { pids: 65 },
};

for (const [what, changed] of Object.entries(SEEN)) {
  Deno.test(`readPosture finds ${what} from within, whatever the engine says`, () => {
    const seen = { ...inside, ...changed };
    const { problems } = readPosture({ plan, state, inside: seen });
    assertEquals(problems.length, 1, problems.join("; "));
  });
}

Deno.test("containerConfig says each guard, and takes nothing from the engine's defaults", () => {
  const config = containerConfig(plan) as Record<string, unknown>;
  const host = config.HostConfig as Record<string, unknown>;
  assertEquals(config.Entrypoint, ["sh"]);
  assertEquals(config.Cmd, ["-c", "wait"]);
  assertEquals(config.Env, ["A=b=c"]);
  assertEquals([config.NetworkDisabled, host.NetworkMode], [true, "none"]);
  assertEquals([host.Memory, host.MemorySwap], [2 ** 30, 2 ** 30]);
  assertEquals([host.CapDrop, host.CapAdd], [["ALL"], ["CHOWN"]]);
  assertEquals(host.SecurityOpt, ["no-new-privileges"]);
  assertEquals(host.Privileged, false);
  assert(!("Runtime" in host), "null would be an unknown one to some engines");
  const profile = '{"defaultAction":"SCMP_ACT_ERRNO"}';
  const strict = containerConfig({
    ...plan,
    seccomp: profile,
    networkMode: "bridge",
  });
  const { SecurityOpt, NetworkMode } = strict.HostConfig as {
    SecurityOpt: string[];
    NetworkMode: string;
  };
  assertEquals(SecurityOpt, ["no-new-privileges", `seccomp=${profile}`]);
  assertEquals([strict.NetworkDisabled, NetworkMode], [false, "bridge"]);
});
