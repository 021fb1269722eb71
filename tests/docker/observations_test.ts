import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "../../backends/mod.ts";
import { dockerTest, eventually, TestBackend, text } from "./_engine.ts";
import { IMAGES } from "./_images.ts";

const IMAGE = IMAGES.busybox;

dockerTest(
  "LocalDockerBackend.top lists processes as the host sees them",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    await using process = await backend.spawn(sandbox, ["sleep", "1000"]);
    assert(process);
    await eventually("the program", async () => {
      const all = await backend.top(sandbox);
      const found = all.find(({ command }) => command === "sleep 1000");
      if (found === undefined) return false;
      assert(found.pid > 1 && found.ppid > 0);
      return true;
    });
  },
);

dockerTest(
  "LocalDockerBackend.stats measures what a sandbox uses",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({
      image: IMAGE,
      memory: "128m",
    });
    const before = await backend.stats(sandbox);
    const script = "head -c 20000000 /dev/zero > /dev/shm/x; " +
      "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
    await backend.run(sandbox, ["sh", "-c", script]);
    const after = await backend.stats(sandbox);
    assertEquals(after.memoryLimitBytes, 128 * 2 ** 20);
    assert(after.memoryBytes - before.memoryBytes > 15_000_000);
    assert(after.cpuMs > before.cpuMs);
    assert(after.processes >= 2);
    assertEquals([after.receivedBytes, after.sentBytes], [0, 0]);
  },
);

dockerTest(
  "LocalDockerBackend.logs keeps the head and the tail of a chatty command",
  async () => {
    await using backend = new TestBackend();
    const command = ["sh", "-c", "seq 1 50000; echo done >&2; sleep 1000"];
    await using sandbox = await backend.launch({ image: IMAGE, command });
    await eventually(
      "its end",
      async () => text((await backend.logs(sandbox)).stderr) === "done\n",
    );
    const { stdout, dropped } = await backend.logs(sandbox, { bytesMax: 100 });
    assert(
      text(stdout).startsWith("1\n2\n") && text(stdout).endsWith("50000\n"),
    );
    assertEquals(dropped, { stdout: 288_894 - 100, stderr: 0 });
    await assertRejects(
      () => backend.logs(sandbox, { bytesMax: -1 }),
      RangeError,
    );
  },
);

dockerTest(
  "LocalDockerBackend.logs are those of a command in an image without a shell, too",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({
      image: IMAGES.noShell,
      // It says what it cannot find, and waits for its input.
      command: ["cat", "/none", "-"],
    });
    await eventually(
      "its words",
      async () => /none/.test(text((await backend.logs(sandbox)).stderr)),
    );
    assertEquals((await backend.logs(sandbox)).stdout.length, 0);
  },
);

dockerTest(
  "LocalDockerBackend observes no sandbox that is gone, or not its own",
  async () => {
    await using backend = new TestBackend();
    await using other = new TestBackend();
    const gone = await backend.launch({ image: IMAGE });
    await backend.destroy(gone);
    await using foreign = await other.launch({ image: IMAGE });
    const made = { ...foreign };
    for (const sandbox of [gone, foreign, made]) {
      const calls: (() => unknown)[] = [
        () => backend.top(sandbox),
        () => backend.stats(sandbox),
        () => backend.mounts(sandbox),
        () => backend.fsDiff(sandbox),
        () => backend.logs(sandbox),
        () => backend.posture(sandbox),
        () => backend.run(sandbox, ["true"]),
        () => backend.spawn(sandbox, ["true"]),
        () => backend.shell(sandbox),
        () => backend.exec(sandbox, { name: "render_dom", args: {} }),
        () => backend.files(sandbox),
      ];
      for (const call of calls) {
        // deno-lint-ignore require-await -- a throw has to reject here
        const error = await assertRejects(async () => call(), BackendError);
        assertEquals(error.code, "sandbox_gone");
      }
      await backend.destroy(sandbox);
    }
    assertEquals((await other.run(foreign, ["true"])).exitCode, 0);
  },
);
