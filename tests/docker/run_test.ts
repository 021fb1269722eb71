import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError, type Sandbox } from "../../backends/mod.ts";
import { CountedSignal } from "../conformance/_counted_signal.ts";
import {
  dockerTest,
  eventually,
  GOING_MS,
  TestBackend,
  text,
} from "./_engine.ts";
import { seeHeldBack } from "./_hold_back.ts";
import { IMAGES } from "./_images.ts";

const IMAGE = IMAGES.busybox;

/** How many processes a sandbox has beside those that are always there. */
async function strangers(backend: TestBackend, sandbox: Sandbox) {
  const processes = await backend.top(sandbox);
  return processes.filter(({ user }) => user !== "65533");
}

dockerTest(
  "LocalDockerBackend.run returns what a program writes, and how it ends",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const script = "echo out; echo err >&2; exit 7";
    const result = await backend.run(sandbox, ["sh", "-c", script]);
    assertEquals([text(result.stdout), text(result.stderr)], [
      "out\n",
      "err\n",
    ]);
    const { outcome, exitCode, signal, cleanup, survivors, dropped } = result;
    assertEquals(
      { outcome, exitCode, signal, cleanup, survivors, dropped },
      {
        outcome: "exited",
        exitCode: 7,
        signal: null,
        cleanup: "none",
        survivors: 0,
        dropped: { stdout: 0, stderr: 0 },
      },
    );
    assert(result.durationMs > 0);
    const words = ["", " a ", "'", '"', "\\", "$HOME", "*", "-n", "\n", "é😀"];
    const echoed = await backend.run(sandbox, ["printf", "%s|", ...words]);
    assertEquals(text(echoed.stdout), words.map((word) => `${word}|`).join(""));
  },
);

dockerTest(
  "lesson 31: LocalDockerBackend.run tells how a program ended from how it failed",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE, memory: "32m" });
    const run = (script: string) => backend.run(sandbox, ["sh", "-c", script]);
    const ending = async (script: string) => {
      const { outcome, exitCode, signal } = await run(script);
      return [outcome, exitCode, signal];
    };
    assertEquals(await ending("exit 0"), ["exited", 0, null]);
    assertEquals(await ending("no-such-program"), ["exited", 127, null]);
    assertEquals(await ending("kill -9 $$"), ["exited", 137, "SIGKILL"]);
    assertEquals(await ending("kill -15 $$"), ["exited", 143, "SIGTERM"]);
    assertEquals(
      await ending("dd if=/dev/zero of=/dev/null bs=64M count=1"),
      ["oom", 137, "SIGKILL"],
    );
    assertEquals((await run("echo still here")).outcome, "exited");
  },
);

dockerTest(
  "LocalDockerBackend.run refuses a user or folder that is not there, and odd words",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    for (const options of [{ user: "nobody-here" }, { workdir: "/none" }]) {
      const error = await assertRejects(
        () => backend.run(sandbox, ["true"], options),
        BackendError,
      );
      assertEquals(error.code, "start_failed");
    }
    const odd: [unknown, object?][] = [
      [[]],
      [[""]],
      [["-x"]],
      [["a\0b"]],
      ["true"],
      [[1]],
      [["true"], { env: { "A=B": "c" } }],
      [["true"], { env: { A: "b\0c" } }],
      [["true"], { workdir: "tmp" }],
      [["true"], { user: "a:b:c" }],
    ];
    for (const [argv, options] of odd) {
      await assertRejects(
        () => backend.run(sandbox, argv as string[], options),
        TypeError,
      );
    }
    for (
      const options of [{ timeoutMs: 0 }, { timeoutMs: NaN }, { stdoutMax: -1 }]
    ) {
      await assertRejects(
        () => backend.run(sandbox, ["true"], options),
        RangeError,
      );
    }
  },
);

dockerTest(
  "LocalDockerBackend.run takes environment, folder, user and input",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({
      image: IMAGE,
      env: { A: "1" },
    });
    const { stdout } = await backend.run(
      sandbox,
      ["sh", "-c", 'echo "$A $B"; pwd; id -u; id -g; cat'],
      {
        env: { B: "2" },
        workdir: "/tmp",
        user: "1000:1001",
        stdin: "text\n",
      },
    );
    assertEquals(text(stdout), "1 2\n/tmp\n1000\n1001\ntext\n");
    const large = crypto.getRandomValues(new Uint8Array(60_000));
    const megabytes = new Uint8Array(6_000_000);
    for (let at = 0; at < megabytes.length; at += large.length) {
      megabytes.set(large, at);
    }
    for (const stdin of [megabytes, new Blob([megabytes]).stream()]) {
      const { stdout } = await backend.run(sandbox, ["cat"], { stdin });
      assertEquals(stdout.length, megabytes.length);
      assertEquals(stdout.subarray(-60_000), large);
    }
    // One that reads little of it is no failure.
    const { exitCode } = await backend.run(sandbox, ["true"], {
      stdin: megabytes,
    });
    assertEquals(exitCode, 0);
    const none = await backend.run(sandbox, ["cat"]);
    assertEquals([none.exitCode, none.stdout.length], [0, 0]);
  },
);

dockerTest(
  "LocalDockerBackend.run ends a program whose input breaks off, and throws why",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const why = new Error("the disk is on fire");
    const stdin = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array([65])),
      pull: (controller) => controller.error(why),
    });
    const script = "cat > /tmp/half; touch /tmp/whole; sleep 60";
    const error = await assertRejects(
      () => backend.run(sandbox, ["sh", "-c", script], { stdin }),
    );
    assertEquals(error, why);
    const { exitCode } = await backend.run(sandbox, [
      "test",
      "-e",
      "/tmp/whole",
    ]);
    assertEquals(exitCode, 1, "it took the half for the whole");
    assertEquals(await strangers(backend, sandbox), []);
  },
);

dockerTest(
  "lesson 22: LocalDockerBackend.run keeps the head and the tail of too much output",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const script = "seq 1 200000; seq 1 100000 >&2";
    const { stdout, stderr, dropped } = await backend.run(
      sandbox,
      ["sh", "-c", script],
      { stdoutMax: 1_000, stderrMax: 0 },
    );
    assert(text(stdout).startsWith("1\n2\n3\n"));
    assert(text(stdout).endsWith("199999\n200000\n"));
    assertEquals(stdout.length, 1_000);
    assertEquals(dropped.stdout, 1_288_895 - 1_000);
    assertEquals([stderr.length, dropped.stderr], [0, 588_895]);
  },
);

dockerTest(
  "lesson 22: LocalDockerBackend.run returns what was written until the time was up",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const script = "echo before; echo warning >&2; sleep 60; echo after";
    const { outcome, exitCode, stdout, stderr, cleanup } = await backend.run(
      sandbox,
      ["sh", "-c", script],
      { timeoutMs: GOING_MS },
    );
    assertEquals([outcome, exitCode, cleanup], ["timeout", null, "verified"]);
    assertEquals([text(stdout), text(stderr)], ["before\n", "warning\n"]);
  },
);

/** Ways to go on running, each as a script that writes "on" when it does. */
const ESCAPES: Readonly<Record<string, string>> = {
  "a plain child": "sleep 1000 & echo on; wait",
  "a child in a session of its own":
    "setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo on; wait; sleep 1000",
  "an orphan": "(sh -c 'sleep 1000 &'); echo on; sleep 1000",
  "a process without environment":
    "env -i sh -c 'setsid sleep 1000 >/dev/null 2>&1 &'; echo on; sleep 1000",
  "one that ignores every signal it can":
    "trap '' 1 2 3 15; echo on; while :; do sleep 1000; done",
  "a stopped process": "sh -c 'kill -STOP $$' & echo on; sleep 1000",
  "one that closes its streams": "echo on; exec >&- 2>&- <&-; sleep 1000",
  "one that lowers its limits further":
    "echo on; sh -c 'ulimit -m 1; ulimit -x 1; setsid sleep 1000 &' ; sleep 1000",
};

/** Lets a script run into its timeout, which comes when it has got going. */
async function timeOut(backend: TestBackend, sandbox: Sandbox, script: string) {
  const { outcome, cleanup, survivors, stdout } = await backend.run(
    sandbox,
    ["sh", "-c", script],
    { timeoutMs: GOING_MS },
  );
  assertEquals([outcome, text(stdout)], ["timeout", "on\n"]);
  return { cleanup, survivors };
}

async function assertGoesOn(backend: TestBackend, sandbox: Sandbox) {
  assertEquals(await strangers(backend, sandbox), []);
  const { exitCode } = await backend.run(sandbox, ["true"]);
  assertEquals(exitCode, 0);
}

async function assertGone(backend: TestBackend, sandbox: Sandbox) {
  const error = await assertRejects(
    () => backend.run(sandbox, ["true"]),
    BackendError,
  );
  assertEquals(error.code, "sandbox_gone");
  assertEquals(await backend.containers(), 0);
}

for (const [what, script] of Object.entries(ESCAPES)) {
  dockerTest(
    `lesson 20: a timeout ends ${what}, and the sandbox goes on`,
    async () => {
      await using backend = new TestBackend();
      await using sandbox = await backend.launch({ image: IMAGE });
      assertEquals(await timeOut(backend, sandbox, script), {
        cleanup: "verified",
        survivors: 0,
      });
      await assertGoesOn(backend, sandbox);
    },
  );
}

dockerTest(
  "lesson 20: a timeout ends a chain that forks on, and the sandbox goes on or ends with it",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const { cleanup, survivors } = await timeOut(
      backend,
      sandbox,
      "cat > /tmp/f <<'EOF'\n" +
        "sh /tmp/f >/dev/null 2>&1 &\nEOF\necho on; sh /tmp/f; sleep 1000",
    );
    assertEquals(survivors, 0);
    // Where the machine is busy, the chain may be too quick for a look that finds
    // each of its processes where it was. Then the sandbox has to end.
    if (cleanup === "verified") await assertGoesOn(backend, sandbox);
    else {
      assertEquals(cleanup, "sandbox_killed");
      await assertGone(backend, sandbox);
    }
  },
);

dockerTest(
  "lesson 20: what cannot be ended otherwise ends with the sandbox, and the result says so",
  async () => {
    await using backend = new TestBackend();
    // Root may become somebody whom root without CAP_KILL may not kill.
    await using sandbox = await backend.launch({
      image: IMAGE,
      user: "root",
      capAdd: ["SETUID", "SETGID"],
    });
    const script = "su app -c 'exec sleep 1000' & echo on; sleep 1000";
    const { outcome, cleanup, survivors } = await backend.run(
      sandbox,
      ["sh", "-c", script],
      { timeoutMs: GOING_MS },
    );
    assertEquals(
      { outcome, cleanup, survivors },
      { outcome: "timeout", cleanup: "sandbox_killed", survivors: 1 },
    );
    await assertGone(backend, sandbox);
  },
);

dockerTest(
  "lesson 20: a program that answers for what looks for it does not pass",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    // Each writes to the output of the one that is to kill it, and kills that first.
    const forger = `while :; do for d in /proc/[0-9]*; do
    [ -w $d/fd/1 ] && case $(tr '\\0' ' ' <$d/cmdline) in
      *"rss"="*"locks"="*) echo 'zu-ended 0 0' >$d/fd/1; kill -9 \${d#/proc/} ;;
    esac; done; done 2>/dev/null`;
    const script =
      `for i in 1 2 3 4 5 6 7 8; do (${forger}) & done; sleep 1000`;
    const { outcome, cleanup } = await backend.run(
      sandbox,
      ["sh", "-c", script],
      { timeoutMs: 700 },
    );
    assertEquals(outcome, "timeout");
    if (cleanup === "verified") {
      assertEquals(await strangers(backend, sandbox), []);
    } else assertEquals(await backend.containers(), 0);
  },
);

dockerTest(
  "lesson 20: a shell that a program puts first on the path has no say in its end",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({
      image: IMAGES.dashTools,
      env: { PATH: "/tmp/bin:/bin", LD_PRELOAD: "/tmp/none.so" },
    });
    await backend.files(sandbox).write(
      "/tmp/bin/sh",
      "#!/bin/sh\necho zu-ended 0 0\n",
      { parents: true, mode: 0o755 },
    );
    const { outcome, cleanup, survivors } = await backend.run(
      sandbox,
      ["sleep", "1000"],
      { timeoutMs: 300 },
    );
    assertEquals([outcome, cleanup, survivors], ["timeout", "verified", 0]);
    assertEquals(await strangers(backend, sandbox), []);
  },
);

dockerTest(
  "lesson 20: a timeout ends the processes of its own run, and of no other",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const long = (name: string) =>
      backend.run(sandbox, ["sh", "-c", `sleep 2; echo ${name}`]);
    const before = long("before");
    const ended = backend.run(
      sandbox,
      ["sh", "-c", "env -i sleep 1000 & sleep 1000"],
      { timeoutMs: 300 },
    );
    const after = long("after");
    assertEquals((await ended).cleanup, "verified");
    assertEquals(text((await before).stdout), "before\n");
    assertEquals(text((await after).stdout), "after\n");
  },
);

dockerTest(
  "lesson 21: timed-out runs hold nothing that others need",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const stuck = Array.from(
      { length: 12 },
      () => backend.run(sandbox, ["sleep", "1000"], { timeoutMs: 1_500 }),
    );
    const quick = await Promise.all(
      Array.from({ length: 5 }, () => backend.run(sandbox, ["echo", "quick"])),
    );
    assertEquals(
      quick.map(({ stdout }) => text(stdout)),
      Array(5).fill("quick\n"),
    );
    for (const { outcome, cleanup } of await Promise.all(stuck)) {
      assertEquals([outcome, cleanup], ["timeout", "verified"]);
    }
    assertEquals(await strangers(backend, sandbox), []);
  },
);

dockerTest(
  "LocalDockerBackend.run ends what is aborted, whenever it is",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const none = await backend.run(sandbox, ["touch", "/tmp/made"], {
      signal: AbortSignal.abort(),
    });
    assertEquals([none.outcome, none.exitCode], ["aborted", null]);
    for (const afterMs of [0, 1, 3, 10, 30, 100, 300]) {
      const controller = new AbortController();
      const running = backend.run(
        sandbox,
        ["sh", "-c", "echo on; sleep 1000"],
        { signal: controller.signal },
      );
      const timer = setTimeout(() => controller.abort(), afterMs);
      const { outcome, cleanup } = await running;
      clearTimeout(timer);
      assertEquals(
        [outcome, cleanup],
        ["aborted", "verified"],
        `${afterMs} ms`,
      );
      assertEquals(await strangers(backend, sandbox), [], `${afterMs} ms`);
    }
    const made = await backend.run(sandbox, ["test", "-e", "/tmp/made"]);
    assertEquals(made.exitCode, 1);
  },
);

dockerTest(
  "lesson 35: LocalDockerBackend leaves no listener on the caller's signal",
  async () => {
    await using backend = new TestBackend();
    const counted = new CountedSignal();
    const { signal } = counted;
    await using sandbox = await backend.launch({ image: IMAGE }, {
      signal,
    });
    await backend.run(sandbox, ["true"], { signal });
    await backend.run(sandbox, ["sleep", "9"], {
      signal,
      timeoutMs: 200,
    });
    await using shell = await backend.shell(sandbox);
    await shell.run(["true"], { signal });
    const process = await backend.spawn(sandbox, ["true"], { signal });
    await process.status;
    assertEquals(counted.listeners, 0);
  },
);

dockerTest(
  "LocalDockerBackend.run returns when its program has ended, though others hold its streams",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const script = "sleep 1000 & echo started";
    const { outcome, exitCode, stdout, durationMs } = await backend.run(
      sandbox,
      ["sh", "-c", script],
    );
    assertEquals([outcome, exitCode, text(stdout)], ["exited", 0, "started\n"]);
    assert(durationMs < 10_000);
    assertEquals((await strangers(backend, sandbox)).length, 1, "it lives on");
  },
);

dockerTest(
  "LocalDockerBackend.run waits for a program that has closed its streams",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const script = "exec >&- 2>&-; sleep 0.7; exit 5";
    const { outcome, exitCode } = await backend.run(sandbox, [
      "sh",
      "-c",
      script,
    ]);
    assertEquals([outcome, exitCode], ["exited", 5]);
  },
);

dockerTest(
  "LocalDockerBackend.run tells that its sandbox ended meanwhile",
  async () => {
    await using backend = new TestBackend();
    const script = ["sh", "-c", "echo on; sleep 1000"];
    const sandbox = await backend.launch({ image: IMAGE });
    const running = backend.run(sandbox, script);
    await eventually(
      "the program",
      // Its second one, which comes behind what it writes.
      async () =>
        (await strangers(backend, sandbox))
          .some(({ command }) => command === "sleep 1000"),
    );
    await backend.destroy(sandbox);
    const { outcome, exitCode, stdout } = await running;
    assertEquals([outcome, exitCode, text(stdout)], [
      "sandbox_gone",
      null,
      "on\n",
    ]);
    assertEquals(await backend.containers(), 0);
  },
);

dockerTest(
  "LocalDockerBackend.spawn streams both ways, with backpressure down to the program",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    await using process = await seeHeldBack(backend, sandbox);
    const { outcome, cleanup } = await process.kill();
    assertEquals([outcome, cleanup], ["aborted", "verified"]);
    assertEquals(await strangers(backend, sandbox), []);
  },
);

dockerTest(
  "lesson 32: LocalDockerBackend.spawn loses nothing that is written at once",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    for (let i = 0; i < 10; i++) {
      const process = await backend.spawn(sandbox, ["cat"]);
      const writer = process.stdin.getWriter();
      writer.write(new TextEncoder().encode("at once"));
      writer.close();
      assertEquals(await new Response(process.stdout).text(), "at once");
      const { outcome, exitCode } = await process.status;
      assertEquals([outcome, exitCode], ["exited", 0]);
    }
  },
);

dockerTest("LocalDockerBackend.exec makes observations of tools", async () => {
  await using backend = new TestBackend({
    tools: {
      echo: ({ text }) => ["echo", String(text)],
      fail: () => ["sh", "-c", "echo why >&2; exit 3"],
      sleep: () => ["sleep", "1000"],
      odd: () => [],
      dashed: () => ["--help"],
      noise: () => ["seq", "1", "5000"],
    },
  });
  await using sandbox = await backend.launch({ image: IMAGE });
  const exec = (name: string, args = {}, options = {}) =>
    backend.exec(sandbox, { name, args }, options);
  const page = { status: 200, html: "<p>", url: "https://example.com/" };
  assertEquals(await exec("echo", { text: JSON.stringify(page) }), page);
  assertEquals(await exec("echo", { text: '{"a":1}' }), { status: 200, a: 1 });
  assertEquals(await exec("fail"), {
    status: 500,
    html: "",
    error: "fail failed (exit 3): why",
  });
  assertEquals(await exec("sleep", {}, { timeoutMs: 200 }), {
    status: 504,
    html: "",
    error: "sleep timed out after 200 ms",
  });
  for (const text of ["[1]", "null", "1", '"a"', "no", "", '{"status":"x"}']) {
    const observation = await exec("echo", { text });
    assertEquals([observation.status, observation.raw], [500, `${text}\n`]);
  }
  const { status, raw } = await exec("noise");
  assertEquals([status, (raw as string).length], [500, 2_000]);
  assertEquals((await exec("none")).status, 404);
  assertEquals((await exec("odd")).status, 400);
  assertEquals((await exec("dashed")).status, 400);
  assertEquals((await exec("render_dom", { url: "--help" })).status, 400);
  const reason = new Error("enough");
  const thrown = await assertRejects(
    () => exec("sleep", {}, { signal: AbortSignal.abort(reason) }),
  );
  assertEquals(thrown, reason);
  const signal = AbortSignal.timeout(300);
  const timedOut = await assertRejects(() => exec("sleep", {}, { signal }));
  assertEquals(timedOut, signal.reason);
  assertEquals(await strangers(backend, sandbox), []);
});

dockerTest(
  "LocalDockerBackend.run returns when its program has ended, though others go on writing",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const script = "(while :; do echo x; sleep 0.02; done) & exit 3";
    const { outcome, exitCode, cleanup } = await backend.run(
      sandbox,
      ["sh", "-c", script],
      { timeoutMs: 20_000 },
    );
    assertEquals([outcome, exitCode, cleanup], ["exited", 3, "none"]);
  },
);

dockerTest(
  "LocalDockerBackend.run cancels an input that it does not come to read",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    let isCancelled = false;
    const stdin = new ReadableStream<Uint8Array>({
      cancel: () => {
        isCancelled = true;
      },
    });
    const signal = AbortSignal.abort();
    await backend.run(sandbox, ["cat"], { stdin, signal });
    assertEquals(isCancelled, true);
  },
);
