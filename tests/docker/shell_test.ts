import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "../../backends/mod.ts";
import {
  dockerTest,
  eventually,
  GOING_MS,
  TestBackend,
  text,
} from "./_engine.ts";
import { IMAGES } from "./_images.ts";

const IMAGES_WITH_SHELL = [IMAGES.busybox, IMAGES.dashOnly, IMAGES.bashOnly];

for (const image of IMAGES_WITH_SHELL) {
  dockerTest(
    `SandboxShell carries folder and environment on, in ${image}`,
    async () => {
      await using backend = new TestBackend();
      await using sandbox = await backend.launch({ image });
      await using shell = await backend.shell(sandbox, {
        env: { GIVEN: "1" },
        workdir: "/tmp",
      });
      const run = async (...argv: string[]) => {
        const { exitCode, stdout, stderr } = await shell.run(argv);
        return [exitCode, text(stdout), text(stderr)];
      };
      assertEquals(await run("pwd"), [0, "/tmp\n", ""]);
      assertEquals(await run("export", "A=b 'c'"), [0, "", ""]);
      assertEquals(await run("eval", 'echo "$GIVEN $A"'), [0, "1 b 'c'\n", ""]);
      assertEquals(await run("cd", "/bin"), [0, "", ""]);
      assertEquals(await run("pwd"), [0, "/bin\n", ""]);
      assertEquals(
        (await run("cd", "/none"))[0],
        image === IMAGES.bashOnly ? 1 : 2,
      );
      assertEquals(await run("eval", "echo out; echo err >&2; (exit 9)"), [
        9,
        "out\n",
        "err\n",
      ]);
      // What would mean something to a shell is a word like any other.
      const odd = [
        "a  b",
        "$A",
        "`id`",
        ">x",
        "&",
        ";",
        "'",
        '"',
        "\\",
        "*",
        "\n",
        "😀",
      ];
      assertEquals(await run("printf", "%s|", ...odd), [
        0,
        odd.map((w) => `${w}|`).join(""),
        "",
      ]);
      assertEquals((await run("if", "true"))[0], 127);
      // Without a line feed at its end, and with what looks like the shell's own.
      assertEquals(await run("printf", "no end"), [0, "no end", ""]);
      assertEquals(await run("printf", "\n\nzu-1 0\n\n"), [
        0,
        "\n\nzu-1 0\n\n",
        "",
      ]);
      // Nothing is read from the shell's own input.
      assertEquals(await run("read", "line"), [1, "", ""]);
    },
  );
}

dockerTest(
  "SandboxShell runs one command at a time, in the order of the calls",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGES.busybox });
    await using shell = await backend.shell(sandbox);
    const numbers = Array.from({ length: 30 }, (_, i) => `${i}`);
    const results = await Promise.all(
      numbers.map((n) =>
        shell.run([
          "eval",
          `echo ${n}; echo e${n} >&2; N="$N$(cat /dev/null)${n},"`,
        ])
      ),
    );
    assertEquals(
      results.map(({ stdout }) => text(stdout)),
      numbers.map((n) => `${n}\n`),
    );
    assertEquals(
      results.map(({ stderr }) => text(stderr)),
      numbers.map((n) => `e${n}\n`),
    );
    const { stdout } = await shell.run(["eval", "echo $N"]);
    assertEquals(text(stdout), `${numbers.join(",")},\n`);
  },
);

dockerTest("SandboxShell caps output, and stays in step", async () => {
  await using backend = new TestBackend();
  await using sandbox = await backend.launch({ image: IMAGES.busybox });
  await using shell = await backend.shell(sandbox);
  const { stdout, dropped } = await shell.run(["seq", "1", "300000"], {
    stdoutMax: 100,
  });
  assert(
    text(stdout).startsWith("1\n2\n") && text(stdout).endsWith("300000\n"),
  );
  assertEquals(dropped.stdout, 1_988_895 - 100);
  assertEquals(text((await shell.run(["echo", "next"])).stdout), "next\n");
});

dockerTest(
  "SandboxShell is in step again after a command's time was up",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGES.busybox });
    await using shell = await backend.shell(sandbox);
    await shell.run(["cd", "/tmp"]);
    await shell.run(["eval", "setsid sleep 1000 >/dev/null 2>&1 &"]);
    const command = ["sh", "-c", "echo on; env -i sleep 1000 & sleep 1000"];
    const ended = await shell.run(command, { timeoutMs: GOING_MS });
    assertEquals(
      [ended.outcome, ended.exitCode, ended.cleanup, text(ended.stdout)],
      ["timeout", null, "verified", "on\n"],
    );
    assertEquals(shell.isClosed, false);
    const { stdout } = await shell.run(["pwd"]);
    assertEquals(text(stdout), "/tmp\n");
    const processes = await backend.top(sandbox);
    assertEquals(
      processes.filter(({ command }) => /^sleep 1000/.test(command)),
      [],
    );
    const controller = new AbortController();
    const aborted = shell.run(["sleep", "1000"], { signal: controller.signal });
    const queued = shell.run(["echo", "no"], { signal: controller.signal });
    const later = shell.run(["echo", "later"]);
    controller.abort();
    assertEquals((await aborted).outcome, "aborted");
    const { outcome, stdout: none } = await queued;
    assertEquals([outcome, none.length], ["aborted", 0]);
    assertEquals(text((await later).stdout), "later\n");
  },
);

dockerTest(
  "SandboxShell is closed when it is itself what does not end",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGES.busybox });
    const shell = await backend.shell(sandbox);
    const loop = shell.run(["eval", "echo on; while :; do :; done"], {
      timeoutMs: GOING_MS,
    });
    const waiting = assertRejects(() => shell.run(["true"]), BackendError);
    const { outcome, cleanup, stdout } = await loop;
    assertEquals([outcome, cleanup, text(stdout)], [
      "timeout",
      "verified",
      "on\n",
    ]);
    assertEquals((await waiting).code, "closed");
    assertEquals(shell.isClosed, true);
    const later = await assertRejects(() => shell.run(["true"]), BackendError);
    assertEquals(later.code, "closed");
    assertEquals((await backend.run(sandbox, ["true"])).exitCode, 0);
  },
);

dockerTest(
  "SandboxShell ends with exit, with close and with its sandbox",
  async () => {
    await using backend = new TestBackend();
    const sandbox = await backend.launch({ image: IMAGES.busybox });
    const exiting = await backend.shell(sandbox);
    const { outcome, exitCode } = await exiting.run(["exit", "3"]);
    assertEquals([outcome, exitCode, exiting.isClosed], ["exited", 3, true]);

    const killed = await backend.shell(sandbox);
    const result = await killed.run(["eval", "kill -9 $$"]);
    assertEquals([result.outcome, result.exitCode], ["exited", 137]);

    const closed = await backend.shell(sandbox);
    const running = closed.run(["sleep", "1000"]);
    await closed.close();
    await closed.close();
    assertEquals((await running).outcome, "aborted");
    assertEquals(
      (await assertRejects(() => closed.run(["true"]), BackendError)).code,
      "closed",
    );
    const processes = await backend.top(sandbox);
    assertEquals(processes.filter(({ user }) => user !== "65533"), []);

    const last = await backend.shell(sandbox);
    const lost = last.run(["sleep", "1000"]);
    await eventually(
      "the command",
      async () =>
        (await backend.top(sandbox)).some(({ command }) =>
          command === "sleep 1000"
        ),
    );
    await backend.destroy(sandbox);
    assertEquals((await lost).outcome, "sandbox_gone");
    await last.close();
    await assertRejects(() => last.run(["true"]), BackendError);
    assertEquals(await backend.containers(), 0);
  },
);

dockerTest(
  "SandboxShell refuses a user and a folder that are not there",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGES.busybox });
    for (const options of [{ user: "nobody-here" }, { workdir: "/none" }]) {
      const error = await assertRejects(
        () => backend.shell(sandbox, options),
        BackendError,
      );
      assertEquals(error.code, "start_failed");
    }
    await using shell = await backend.shell(sandbox);
    await assertRejects(() => shell.run([]), TypeError);
    await assertRejects(() => shell.run(["a\0b"]), TypeError);
    await assertRejects(
      () => shell.run(["true"], { timeoutMs: -1 }),
      RangeError,
    );
  },
);

dockerTest(
  "lesson 31: SandboxShell tells that it ran out of memory itself",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({
      image: IMAGES.busybox,
      memory: "32m",
    });
    await using shell = await backend.shell(sandbox);
    const script = "x=aaaaaaaaaa; while :; do x=$x$x; done";
    const { outcome } = await shell.run(["eval", script]);
    assertEquals([outcome, shell.isClosed], ["oom", true]);
  },
);
