import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError, type BackendErrorCode } from "../../backends/mod.ts";
import {
  dockerTest,
  engine,
  eventually,
  GOING_MS,
  TestBackend,
  text,
} from "./_engine.ts";
import { IMAGES } from "./_images.ts";

const IMAGE = IMAGES.busybox;

async function fails(
  code: BackendErrorCode,
  fn: () => Promise<unknown>,
): Promise<BackendError> {
  const error = await assertRejects(fn, BackendError);
  assertEquals(error.code, code, error.message);
  return error;
}

dockerTest(
  "LocalDockerBackend guards a sandbox that nobody said anything about",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const posture = await backend.posture(sandbox);
    assertEquals(posture, {
      uid: 65534,
      gid: 65534,
      capabilities: [],
      noNewPrivileges: true,
      seccomp: "filter",
      memory: 2 ** 30,
      swap: 0,
      cpus: 1,
      pids: 256,
      readOnlyRootfs: true,
      init: true,
      interfaces: ["lo"],
      mounts: [],
      runtime: posture.runtime,
      expiry: "sandbox",
      endsRuns: true,
      seenFromInside: true,
      problems: [],
    });
  },
);

for (const user of ["65534", "root"]) {
  dockerTest(
    `lesson 24: a sandbox's guards hold against what ${user} tries inside`,
    async () => {
      await using backend = new TestBackend();
      await using sandbox = await backend.launch({ image: IMAGE, user });
      const tries: Record<string, string> = {
        "write the image's files": "echo x > /bin/x",
        "make a file that programs of root's would run": "echo x > /etc/passwd",
        "mount": "mount -t tmpfs none /mnt || mount -t proc none /proc",
        "mount over": "mount --bind /tmp /bin",
        "mount anew": "mount -o remount,rw /",
        "make a device": "mknod /tmp/d b 8 0",
        "become another": user === "root"
          ? "setuidgid nobody id"
          : "su -c id || setuidgid root id",
        "enter another namespace": "unshare -r id || nsenter -t 1 -m id",
        "change the clock": "date -s 2001-01-01; test $(date +%Y) = 2001",
        "use a raw socket": "ping -c 1 127.0.0.1",
        "see the engine": "ls /var/run/docker.sock /run/docker.sock",
        "read kernel memory": "head -c 1 /proc/kcore | grep -q .",
        "change the kernel": "echo 1 > /proc/sys/kernel/core_pattern",
        "trigger the kernel": "echo b > /proc/sysrq-trigger",
        "change its limits": "echo max > /sys/fs/cgroup/pids.max || " +
          "echo 9999 > /sys/fs/cgroup/pids/pids.max",
        "kill what waits":
          "kill -9 $(ps -o pid,user | sed -n 's/ 65533//p') || kill -9 1",
        "write to another's files": "echo x > /proc/1/oom_score_adj",
      };
      for (const [what, script] of Object.entries(tries)) {
        const result = await backend.run(sandbox, ["sh", "-c", script]);
        assert(
          result.outcome === "exited" && result.exitCode !== 0,
          `${what}: ${result.exitCode} ${text(result.stdout)}`,
        );
      }
      assertEquals((await backend.run(sandbox, ["true"])).exitCode, 0);
    },
  );
}

dockerTest("LocalDockerBackend applies what a spec tightens", async () => {
  await using backend = new TestBackend();
  await using sandbox = await backend.launch({
    image: IMAGE,
    memory: "64m",
    cpus: 0.5,
    pids: 32,
    user: "1234:1235",
    workdir: "/tmp",
    env: { GREETING: "a 'b' \"c\"\n$d" },
    labels: { mine: "yes" },
    tmpfs: { "/tmp": "size=1m,noexec", "/work": "size=2m,mode=700,uid=1234" },
    capAdd: ["CHOWN"],
  });
  const posture = await backend.posture(sandbox);
  assertEquals(
    [posture.memory, posture.cpus, posture.pids, posture.uid, posture.gid],
    [64 * 2 ** 20, 0.5, 32, 1234, 1235],
  );
  assertEquals(posture.capabilities, ["CHOWN"]);
  const script = 'pwd; echo "$GREETING"; df -k /tmp /work | tail -n 2; ' +
    "cp /bin/busybox /work/true && /work/true; " +
    "head -c 1500000 /dev/zero > /tmp/x; echo $?; " +
    "echo '#!/bin/sh' > /tmp/y; chmod +x /tmp/y; /tmp/y; echo $?";
  const { stdout } = await backend.run(sandbox, ["sh", "-c", script]);
  const lines = text(stdout).split("\n");
  assertEquals(lines.slice(0, 3), ["/tmp", "a 'b' \"c\"", "$d"]);
  assert(/tmpfs +1024 /.test(lines[3]!), lines[3]);
  assert(/tmpfs +2048 /.test(lines[4]!), lines[4]);
  assertEquals(lines.slice(5, 7), ["1", "126"]);
  const { Config } = await engine.json<
    { Config: { Labels: Record<string, string> } }
  >({ method: "GET", path: `/containers/${sandbox.id}/json`, what: "look" });
  assertEquals(Config.Labels.mine, "yes");
  assertEquals(Config.Labels["zu.run"], backend.runId);
  assert(Date.parse(Config.Labels["zu.expires"]!) > Date.now());
});

dockerTest(
  "LocalDockerBackend runs programs as the image's user, unless that is root",
  async () => {
    await using backend = new TestBackend();
    const whoIs = async (image: string, user?: string) => {
      const spec = user === undefined ? { image } : { image, user };
      await using sandbox = await backend.launch(spec);
      const { stdout } = await backend.run(sandbox, [
        "sh",
        "-c",
        "id -u; echo $HOME",
      ]);
      return text(stdout).trim().split("\n");
    };
    assertEquals(await whoIs(IMAGE), ["65534", "/tmp"]);
    assertEquals(await whoIs(IMAGES.userApp), ["1000", "/tmp"]);
    // Its name is not root's, but its number is.
    assertEquals(await whoIs(IMAGES.userToor), ["65534", "/tmp"]);
    assertEquals(await whoIs(IMAGE, "root"), ["0", "/root"]);
    assertEquals(await whoIs(IMAGE, "app"), ["1000", "/tmp"]);
    assertEquals((await whoIs(IMAGE, "65533"))[0], "65533");
    await fails(
      "start_failed",
      () => backend.launch({ image: IMAGE, user: "toor" }),
    );
    const command = ["sleep", "60"];
    await fails(
      "start_failed",
      () => backend.launch({ image: IMAGES.userToor, command }),
    );
    assertEquals(await backend.containers(), 0);
  },
);

dockerTest(
  "LocalDockerBackend runs a command from the start, and ends with it",
  async () => {
    await using backend = new TestBackend();
    const command = ["sh", "-c", "echo out; echo err >&2; sleep 60"];
    const sandbox = await backend.launch({ image: IMAGE, command });
    const logs = async () => await backend.logs(sandbox);
    await eventually(
      "its output",
      async () => (await logs()).stderr.length > 0,
    );
    const { stdout, stderr, dropped } = await logs();
    assertEquals([text(stdout), text(stderr)], ["out\n", "err\n"]);
    assertEquals(dropped, { stdout: 0, stderr: 0 });
    const { stdout: who } = await backend.run(sandbox, ["id", "-u"]);
    assertEquals(text(who), "65534\n");
    await backend.run(sandbox, ["killall", "sleep"]);
    await eventually("its end", () => backend.running === 0);
    await fails("sandbox_gone", () => backend.run(sandbox, ["true"]));
    await eventually(
      "its removal",
      async () => await backend.containers() === 0,
    );
  },
);

dockerTest(
  "LocalDockerBackend says what it cannot promise without a shell",
  async () => {
    await using backend = new TestBackend();
    const image = IMAGES.noShell;
    const { message } = await fails(
      "start_failed",
      () => backend.launch({ image }),
    );
    assert(message.includes("no sh"), message);
    await using sandbox = await backend.launch({
      image,
      command: ["sleep", "60"],
    });
    const posture = await backend.posture(sandbox);
    assertEquals(
      [posture.seenFromInside, posture.endsRuns, posture.expiry],
      [false, false, "process"],
    );
    const { exitCode, stdout } = await backend.run(sandbox, ["cat"], {
      stdin: "hi",
    });
    assertEquals([exitCode, text(stdout)], [0, "hi"]);
    await fails("unsupported", () => backend.shell(sandbox));
    const ended = await backend.run(sandbox, ["sleep", "60"], {
      timeoutMs: 200,
    });
    assertEquals([ended.outcome, ended.cleanup], ["timeout", "sandbox_killed"]);
    await fails("sandbox_gone", () => backend.run(sandbox, ["cat"]));
  },
);

for (const image of [IMAGES.dashOnly, IMAGES.bashOnly]) {
  dockerTest(
    `LocalDockerBackend works in ${image}, which has nothing but sh`,
    async () => {
      await using backend = new TestBackend();
      await using sandbox = await backend.launch({ image });
      const posture = await backend.posture(sandbox);
      assertEquals(
        [
          posture.seenFromInside,
          posture.endsRuns,
          posture.expiry,
          posture.problems,
        ],
        [true, true, "process", []],
      );
      const script =
        "sh -c 'while :; do :; done' & echo on; while :; do :; done";
      const options = { timeoutMs: GOING_MS };
      const ended = await backend.run(sandbox, ["sh", "-c", script], options);
      assertEquals(
        [ended.outcome, ended.cleanup, ended.survivors, text(ended.stdout)],
        ["timeout", "verified", 0, "on\n"],
      );
      await using shell = await backend.shell(sandbox);
      const { stdout } = await shell.run(["echo", "a  b"]);
      assertEquals(text(stdout), "a  b\n");
    },
  );
}

dockerTest(
  "LocalDockerBackend mounts what is named, read-only unless told otherwise",
  async () => {
    await using backend = new TestBackend();
    const folder = await Deno.realPath(await Deno.makeTempDir());
    try {
      await Deno.chmod(folder, 0o777);
      await Deno.writeTextFile(`${folder}/a`, "from the host");
      await Deno.symlink(folder, `${folder}-link`);
      await using sandbox = await backend.launch({
        image: IMAGE,
        mounts: [
          { source: `${folder}-link`, target: "/in" },
          { source: folder, target: "/out", readOnly: false },
        ],
      });
      const run = (script: string) =>
        backend.run(sandbox, ["sh", "-c", script]);
      assertEquals(text((await run("cat /in/a")).stdout), "from the host");
      assertEquals((await run("echo x > /in/b")).exitCode, 1);
      assertEquals((await run("echo x > /out/b")).exitCode, 0);
      assertEquals(await Deno.readTextFile(`${folder}/b`), "x\n");
      const { mounts } = await backend.posture(sandbox);
      assertEquals(mounts, [
        { source: folder, target: "/out", readOnly: false },
        { source: folder, target: "/in", readOnly: true },
      ]);
      assertEquals(
        (await backend.mounts(sandbox)).map(({ kind, target }) => [
          kind,
          target,
        ]),
        [["bind", "/in"], ["bind", "/out"], ["tmpfs", "/tmp"]],
      );
    } finally {
      await Deno.remove(`${folder}-link`);
      await Deno.remove(folder, { recursive: true });
    }
  },
);

dockerTest(
  "lesson 24: a link to the engine's socket is not mounted either",
  async () => {
    await using backend = new TestBackend();
    await using first = await backend.launch({ image: IMAGE });
    assert(first.id);
    const folder = await Deno.makeTempDir();
    try {
      const source = `${folder}/innocent`;
      for (
        const leadsTo of ["/var/run/docker.sock", "/var/run", "/", "/proc"]
      ) {
        await Deno.symlink(leadsTo, source);
        const mounts = [{ source, target: "/x" }];
        await fails(
          "spec_refused",
          () => backend.launch({ image: IMAGE, mounts }),
        );
        await Deno.remove(source);
      }
      const mounts = [{ source: `${folder}/none`, target: "/x" }];
      await fails(
        "spec_refused",
        () => backend.launch({ image: IMAGE, mounts }),
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    assertEquals(await backend.containers(), 1);
  },
);

dockerTest(
  "LocalDockerBackend refuses what the engine cannot do, and leaves nothing",
  async () => {
    await using backend = new TestBackend();
    const refused: [BackendErrorCode, Parameters<typeof backend.launch>[0]][] =
      [
        ["image_unavailable", { image: "localhost/zu-test/none:1" }],
        ["spec_refused", { image: IMAGE, runtime: "no-such-runtime" }],
        ["start_failed", {
          image: IMAGE,
          user: "nobody-here",
          command: ["true"],
        }],
      ];
    for (const [code, spec] of refused) {
      await fails(code, () => backend.launch(spec));
      assertEquals(await backend.containers(), 0);
    }
  },
);

dockerTest(
  "LocalDockerBackend has a writable folder, whatever mode the image's has",
  async () => {
    await using backend = new TestBackend();
    const image = IMAGES.strictTmp;
    for (const user of [undefined, "1234", "1234:5678", "app", "root"]) {
      const spec = user === undefined ? { image } : { image, user };
      await using sandbox = await backend.launch(spec);
      const { exitCode, stderr } = await backend.run(sandbox, [
        "touch",
        "/tmp/x",
      ]);
      // Whose number a name stands for is not known before the launch.
      assertEquals(exitCode, user === "app" ? 1 : 0, `${user} ${text(stderr)}`);
    }
  },
);

dockerTest("LocalDockerBackend launches tiers, each its own", async () => {
  await using backend = new TestBackend({
    tiers: {
      code: { image: IMAGE, memory: "2g", pids: 300, readOnlyRootfs: false },
      render: { image: IMAGES.userApp, cpus: 2 },
    },
  });
  await using code = await backend.launch({ tier: "code", pids: 64 });
  await using render = await backend.launch({ tier: "render" });
  const seen = await backend.posture(code);
  assertEquals([code.image, render.image], [IMAGE, IMAGES.userApp]);
  assertEquals(
    [seen.memory, seen.pids, seen.readOnlyRootfs],
    [2 * 2 ** 30, 64, false],
  );
  assertEquals((await backend.posture(render)).cpus, 2);
  const script = "echo x > /tmp/x && touch /etc/x; ls /etc/x";
  await using root = await backend.launch({ tier: "code", user: "root" });
  assertEquals((await backend.run(root, ["sh", "-c", script])).exitCode, 0);
  const changes = await backend.fsDiff(root);
  assert(
    changes.some(({ path, kind }) => path === "/etc/x" && kind === "added"),
  );
  await fails(
    "spec_refused",
    () => backend.launch({ tier: "code", memory: "3g" }),
  );
});

dockerTest(
  "LocalDockerBackend keeps an image's volumes in memory, and off the host's disk",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({
      image: IMAGES.withVolume,
      tmpfs: {},
      memory: "64m",
    });
    assertEquals(await backend.mounts(sandbox), [
      { kind: "tmpfs", source: "", target: "/data", readOnly: false },
    ]);
    const script = "echo x > /data/x && df /data | tail -n 1";
    const { exitCode, stdout } = await backend.run(sandbox, [
      "sh",
      "-c",
      script,
    ]);
    assertEquals(exitCode, 0);
    assert(text(stdout).startsWith("tmpfs"), text(stdout));
  },
);

dockerTest(
  "lesson 24: LocalDockerBackend mounts no socket, and nothing of the host's own to write to",
  async () => {
    await using backend = new TestBackend();
    const folder = await Deno.makeTempDir();
    const listener = Deno.listen({ transport: "unix", path: `${folder}/s` });
    try {
      const mounts = [
        { source: `${folder}/s`, target: "/s" },
        { source: "/etc", target: "/host", readOnly: false },
        { source: "/usr/share", target: "/host", readOnly: false },
      ];
      for (const mount of mounts) {
        await fails(
          "spec_refused",
          () => backend.launch({ image: IMAGE, mounts: [mount] }),
        );
      }
      // Inside of what another sandbox may write to, a link could take its place.
      await Deno.mkdir(`${folder}/a/b`, { recursive: true });
      const open = { source: `${folder}/a`, target: "/a", readOnly: false };
      await using _other = await backend.launch({
        image: IMAGE,
        mounts: [open],
      });
      await fails("spec_refused", () =>
        backend.launch({
          image: IMAGE,
          mounts: [{ source: `${folder}/a/b`, target: "/b" }],
        }));
    } finally {
      listener.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
);

dockerTest(
  "LocalDockerBackend lets no program be its guard's user",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    for (const user of ["65533", "65533:0", "065533"]) {
      await assertRejects(
        () => backend.run(sandbox, ["true"], { user }),
        TypeError,
      );
    }
  },
);
