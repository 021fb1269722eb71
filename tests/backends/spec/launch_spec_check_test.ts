import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type CheckedSpec,
  DEFAULT_GRANTS,
  type LaunchGrants,
} from "../../../backends/spec/complete_spec.ts";
import { checkLaunchSpec } from "../../../backends/spec/launch_spec_check.ts";
import { SPEC_KEYS } from "../../../backends/spec/spec_fields.ts";
import * as port from "../../../backends/mod.ts";
import { refuses } from "../_refuses.ts";

const MIB = 2 ** 20;
const GRANTS: LaunchGrants = {
  ...DEFAULT_GRANTS,
  ttlMsMax: 7_200_000,
  socketPaths: ["/opt/engine/engine.sock"],
};

/** Checks a spec that may be anything, with an image. */
function check(
  spec: Record<string, unknown> = {},
  grants = GRANTS,
): CheckedSpec {
  return checkLaunchSpec({ image: "alpine", ...spec }, grants);
}

Deno.test("checkLaunchSpec fills in what a spec leaves open, with what is granted", () => {
  assertEquals(check(), {
    image: "alpine",
    tier: undefined,
    command: undefined,
    env: {},
    workdir: undefined,
    user: undefined,
    labels: {},
    memory: 1024 * MIB,
    cpus: 1,
    pids: 256,
    readOnlyRootfs: true,
    tmpfs: [{
      target: "/tmp",
      readOnly: false,
      exec: true,
      size: 256 * MIB,
      mode: "1777",
      uid: undefined,
      gid: undefined,
      inodes: undefined,
    }],
    extraHosts: {},
    dns: [],
    seccomp: undefined,
    runtime: undefined,
    capAdd: [],
    mounts: [],
    network: "none",
    egressCeiling: undefined,
    imagePolicy: undefined,
    ttlMs: 3_600_000,
  });
  const short = {
    ...GRANTS,
    ttlMsMax: 5000,
    memory: 64 * MIB,
    readOnlyRootfs: false,
  };
  const { ttlMs, memory, readOnlyRootfs, tmpfs } = check({}, short);
  assertEquals([ttlMs, memory, readOnlyRootfs, tmpfs[0]?.size], [
    5000,
    64 * MIB,
    false,
    64 * MIB,
  ]);
});

Deno.test("checkLaunchSpec takes what only tightens, in one form", () => {
  const checked = check({
    image: "localhost:5000/a/b:1",
    command: ["sleep", "60"],
    env: { A: "1" },
    workdir: "/",
    user: "00:100",
    labels: { run: "7" },
    memory: "512m",
    cpus: 0.5,
    pids: 1,
    readOnlyRootfs: true,
    tmpfs: { "/work": "size=1m,noexec" },
    runtime: "runsc",
    seccomp: ' {"defaultAction": "SCMP_ACT_ERRNO"} ',
    capAdd: ["cap_setuid", "CHOWN"],
    mounts: [{ source: "/srv/data", target: "/data" }],
    network: "none",
    imagePolicy: { allow: ["alpine", "localhost:5000"], pinned: false },
    ttlMs: 1000,
    extraHosts: {},
    dns: [],
  });
  const { image, workdir, user, memory, cpus, pids, tmpfs, seccomp } = checked;
  assertEquals(
    { image, workdir, user, memory, cpus, pids, seccomp, tmpfs: tmpfs.length },
    {
      image: "localhost:5000/a/b:1",
      workdir: "/",
      user: "0:100",
      memory: 512 * MIB,
      cpus: 0.5,
      pids: 1,
      seccomp: '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[]}',
      tmpfs: 1,
    },
  );
  assertEquals(checked.capAdd, ["CHOWN", "SETUID"]);
  assertEquals(checked.mounts[0]?.readOnly, true);
  assertEquals(checked.imagePolicy, {
    allow: ["docker.io/library/alpine", "localhost:5000"],
    pinned: false,
  });
  assertEquals(checked.ttlMs, 1000);
});

Deno.test("checkLaunchSpec names the nearest key of one that it does not know", () => {
  const cases = {
    readonlyRootfs: "did you mean readOnlyRootfs?",
    Memory: "did you mean memory?",
    environment: "did you mean env?",
    networkMode: "did you mean network?",
    privileged: "the nearest is",
    hostConfig: "the nearest is",
    securityOpt: "the nearest is",
    constructor: "the nearest is",
    toString: "the nearest is",
  };
  for (const [key, words] of Object.entries(cases)) {
    const { message } = refuses(
      "spec_refused",
      () => check({ [key]: true }),
      words,
    );
    assert(message.includes(`"${key}"`), message);
  }
  const text = '{"image":"alpine","__proto__":{"memory":"64g"}}';
  refuses(
    "spec_refused",
    () => checkLaunchSpec(JSON.parse(text), GRANTS),
    '"__proto__"',
  );
});

Deno.test("checkLaunchSpec refuses what is no spec, or says not what to launch", () => {
  const values = [
    null,
    undefined,
    1,
    "alpine",
    true,
    [],
    ["alpine"],
    new Map(),
  ];
  for (const spec of [...values, Object.create({ image: "alpine" })]) {
    refuses("spec_refused", () => checkLaunchSpec(spec, GRANTS), "the spec is");
  }
  refuses(
    "spec_refused",
    () => checkLaunchSpec({}, GRANTS),
    "neither an image nor a tier",
  );
  refuses(
    "spec_refused",
    () => checkLaunchSpec({ tier: "x" }, GRANTS),
    "has no tiers",
  );
  const cases: [Record<string, unknown>, string][] = [
    [{ image: "" }, "no image's name"],
    [{ image: 1 }, "image is 1"],
    [{ image: null }, "image is null"],
    [{ image: ["alpine"] }, "image is an array"],
    [{ image: "x@sha256:" }, "no image's name"],
    [{ tier: "" }, 'tier is ""'],
    [{ tier: 1 }, "tier is 1"],
    [{ tier: null }, "tier is null"],
    [{ command: [] }, "command is empty"],
    [{ command: "sh" }, "command is"],
    [{ env: { "A B": "" } }, "env has the key"],
    [{ workdir: "tmp" }, "workdir is"],
    [{ workdir: "/tmp/.." }, "workdir is"],
    [{ user: "-1" }, "user is"],
    [{ user: 0 }, "user is 0"],
    [{ runtime: "" }, "runtime is"],
    [{ imagePolicy: { allow: ["a:b"] } }, '"a:b"'],
    [{ imagePolicy: { pin: true } }, "did you mean pinned?"],
    [{ imagePolicy: "docker.io" }, "imagePolicy is"],
    [{ dns: ["10.0.0.1"] }, "dns with network"],
    [{ extraHosts: { a: "10.0.0.1" } }, "extraHosts with network"],
    [
      { tmpfs: { "/a": "" }, mounts: [{ source: "/srv", target: "/a" }] },
      "twice",
    ],
  ];
  for (const [spec, words] of cases) {
    refuses("spec_refused", () => check(spec), words);
  }
});

Deno.test("lesson 30: checkLaunchSpec gives no network for a typing mistake, nor without the tier render", () => {
  const all = { ...GRANTS, unrestrictedNetwork: true };
  const networks = [
    ...["None", "host", "bridge", "", true, null, {}, { unrestricted: "yes" }],
    ...[{ unrestricted: true }, { egress: { allow: ["example.com"] } }],
  ];
  for (const network of networks) {
    refuses("network_refused", () => check({ network }, all), "network");
  }
  refuses(
    "network_refused",
    () => check({ network: { unrestricted: true } }, all),
    'Launch with tier: "render"',
  );
});

Deno.test("checkLaunchSpec lets a mount take the place of the /tmp that nobody asked for", () => {
  const mounts = [{ source: "/srv", target: "/tmp" }];
  assertEquals(check({ mounts }).tmpfs, []);
  assertEquals(check({ tmpfs: {} }).tmpfs, []);
  refuses(
    "spec_refused",
    () => check({ mounts, tmpfs: { "/tmp": "" } }),
    "twice",
  );
});

Deno.test("checkLaunchSpec takes undefined for left out, and nothing from a prototype", () => {
  const spec = Object.fromEntries(SPEC_KEYS.map((key) => [key, undefined]));
  const expected = check();
  assertEquals(checkLaunchSpec({ ...spec, image: "alpine" }, GRANTS), expected);
  const polluted = Object.prototype as Record<string, unknown>;
  const evil = { memory: "64g", network: { unrestricted: true }, user: "0" };
  const keys = [...Object.keys(evil), "readOnly", "allow", "pinned", "mode"];
  try {
    for (const [key, value] of Object.entries(evil)) polluted[key] = value;
    Object.assign(polluted, { readOnly: false, pinned: false, mode: "7777" });
    const mounts = [{ source: "/srv", target: "/x" }];
    const checked = check({ mounts });
    assertEquals([checked.memory, checked.network, checked.user], [
      expected.memory,
      "none",
      undefined,
    ]);
    assertEquals(checked.mounts[0]?.readOnly, true);
  } finally {
    for (const key of keys) delete polluted[key];
  }
});

Deno.test("checkLaunchSpec copies, reads each value once, and freezes", () => {
  const spec = {
    image: "alpine",
    command: ["a"],
    env: { A: "1" },
    labels: { a: "1" },
    tmpfs: { "/a": "" },
    mounts: [{ source: "/srv", target: "/x", readOnly: true }],
    capAdd: ["CHOWN"],
    imagePolicy: { allow: ["alpine"] },
  };
  const checked = checkLaunchSpec(spec, GRANTS);
  const before = structuredClone(checked);
  spec.command.push("b");
  spec.env.A = "2";
  spec.labels.a = "2";
  spec.tmpfs["/a"] = "ro";
  spec.mounts[0]!.readOnly = false;
  spec.mounts[0]!.source = "/";
  spec.capAdd.push("SETUID");
  spec.imagePolicy.allow.push("busybox");
  assertEquals(structuredClone(checked), before);
  const unfrozen = (value: unknown): boolean =>
    typeof value === "object" && value !== null &&
    (!Object.isFrozen(value) || Object.values(value).some(unfrozen));
  assertEquals(unfrozen(checked), false);

  let asked = 0;
  const shifty = {
    image: "alpine",
    get memory(): string {
      return ++asked === 1 ? "512m" : "64g";
    },
  };
  assertEquals(checkLaunchSpec(shifty, GRANTS).memory, 512 * MIB);
  assertEquals(asked, 1);
});

Deno.test("checkLaunchSpec passes on what a getter throws, and hides nothing", () => {
  const reason = new Error("mine");
  const spec = {
    get image(): string {
      throw reason;
    },
  };
  assertEquals(assertThrows(() => checkLaunchSpec(spec, GRANTS)), reason);
});

Deno.test("checkLaunchSpec of the port reads and gives egress as one writes it down", () => {
  const grants: port.LaunchGrants = {
    ...port.DEFAULT_GRANTS,
    egress: { allow: ["*.Example.org"], deny: ["a.example.org"] },
  };
  const spec = {
    image: "alpine",
    network: { egress: { allow: ["B.example.org"] } },
  };
  const checked = port.checkLaunchSpec(spec, grants);
  assertEquals(checked.network, {
    egress: {
      allow: ["b.example.org"],
      deny: ["a.example.org"],
      connectionsMax: 256,
      headerBytesMax: 32_768,
      idleTimeoutMs: 300_000,
    },
  });
  assertEquals("egressCeiling" in checked, false);
  assert(Object.isFrozen(checked));
  // What it gives is a spec's network again.
  const { network } = checked;
  assertEquals(
    port.checkLaunchSpec({ ...spec, network }, grants).network,
    network,
  );
  refuses(
    "network_refused",
    () => port.checkLaunchSpec(spec, port.DEFAULT_GRANTS),
    "the backend's option egress",
  );
  const misspelt = { ...grants, egress: { alow: [] } } as port.LaunchGrants;
  assertThrows(() => port.checkLaunchSpec(spec, misspelt), TypeError, "allow?");
});
