import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError, SandboxPool } from "../../backends/mod.ts";
import type { Swept } from "../../backends/local_docker_backend.ts";
import {
  containersOf,
  dockerTest,
  engine,
  eventually,
  TestBackend,
  text,
} from "./_engine.ts";
import { IMAGES } from "./_images.ts";

const IMAGE = IMAGES.busybox;
const ROOT = new URL("../../", import.meta.url);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Starts one of the programs beside this file. */
function start(program: string, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `tests/docker/${program}`, ...args],
    cwd: ROOT,
    stdout: "piped",
    stderr: "inherit",
    env: { NO_COLOR: "1" },
  }).spawn();
}

/** A process that has launched sandboxes. */
async function startOwner(
  { count = 2, ttlMs = HOUR_MS, ending = "stay" } = {},
) {
  const run = crypto.randomUUID();
  const args = [IMAGE, run, `${count}`, `${ttlMs}`, ending];
  const child = start("owner_program.ts", args);
  const reader = child.stdout.getReader();
  let said = "";
  while (!said.includes("launched\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`It said "${said}"`);
    said += text(value);
  }
  await reader.cancel();
  return { run, child };
}

async function sweep(): Promise<Swept[]> {
  const { stdout } = await start("sweep_program.ts", []).output();
  return JSON.parse(text(stdout));
}

/** Creates a container as somebody else might have left it. */
async function leave(labels: Record<string, string>): Promise<string> {
  const { Id } = await engine.json<{ Id: string }>({
    method: "POST",
    path: "/containers/create",
    body: {
      Image: IMAGE,
      Cmd: ["true"],
      Labels: { "zu.backend": "local-docker", ...labels },
    },
    what: "leave a container",
  });
  return Id;
}

async function labelsOf(run: string): Promise<Record<string, string>> {
  const [id] = await containersOf(run);
  const { Config } = await engine.json<
    { Config: { Labels: Record<string, string> } }
  >({ method: "GET", path: `/containers/${id}/json`, what: "look" });
  return Config.Labels;
}

async function isThere(id: string): Promise<boolean> {
  return await engine.json({
    method: "GET",
    path: `/containers/${id}/json`,
    what: "look",
  }).then(() => true, () => false);
}

async function remove(id: string): Promise<void> {
  await engine.json({
    method: "DELETE",
    path: `/containers/${id}`,
    query: { force: true },
    what: "clean up",
  });
}

dockerTest(
  "lesson 23: a launch that is called off leaves nothing, whenever it is",
  async () => {
    await using backend = new TestBackend();
    await using _warm = await backend.launch({ image: IMAGE });
    const reason = new Error("not needed any more");
    let launched = 0;
    for (let afterMs = 0; afterMs < 160; afterMs += 8) {
      const controller = new AbortController();
      const { signal } = controller;
      const timer = setTimeout(() => controller.abort(reason), afterMs);
      try {
        const sandbox = await backend.launch({ image: IMAGE }, { signal });
        launched++;
        await backend.destroy(sandbox);
      } catch (error) {
        assertEquals(error, reason);
      }
      clearTimeout(timer);
      assertEquals(await backend.containers(), 1, `${afterMs} ms`);
    }
    assert(launched < 20, "none was called off");
  },
);

dockerTest(
  "lesson 23: a launch that fails or takes too long leaves nothing",
  async () => {
    await using backend = new TestBackend({ startupTimeoutMs: 5 });
    const slow = await assertRejects(
      () => backend.launch({ image: IMAGE }),
      BackendError,
    );
    // The first launch also looks at the engine, which takes longer than that.
    assert(["start_failed", "engine_unavailable"].includes(slow.code));
    assertEquals(await backend.containers(), 0);
    await using other = new TestBackend();
    const spec = { image: IMAGE, command: ["no-such-program"] };
    const missing = await assertRejects(() => other.launch(spec), BackendError);
    assertEquals(missing.code, "start_failed");
    assertEquals(await other.containers(), 0);
  },
);

dockerTest(
  "lesson 23: sandboxes end with the process that launched them, killed or not",
  async () => {
    for (const ending of ["stay", "exit", "return"]) {
      const { run, child } = await startOwner({ ending });
      if (ending === "stay") {
        assertEquals((await containersOf(run)).length, 2);
        child.kill("SIGKILL");
      }
      await child.status;
      await eventually(
        `the end of the sandboxes of one that has to ${ending}`,
        async () => (await containersOf(run)).length === 0,
      );
    }
  },
);

dockerTest(
  "a sandbox ends itself when its time is over, though its process is stopped",
  async () => {
    const { run, child } = await startOwner({ count: 1, ttlMs: 2_000 });
    child.kill("SIGSTOP");
    try {
      assertEquals((await containersOf(run)).length, 1);
      await eventually(
        "its end",
        async () => (await containersOf(run)).length === 0,
      );
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
  },
);

dockerTest(
  "LocalDockerBackend says that a sandbox's time is over",
  async () => {
    await using backend = new TestBackend();
    for (const image of [IMAGE, IMAGES.dashOnly]) {
      const sandbox = await backend.launch({ image, ttlMs: 1_000 });
      await eventually("its end", () => backend.running === 0);
      const error = await assertRejects(
        () => backend.run(sandbox, ["true"]),
        BackendError,
      );
      assertEquals(error.code, "sandbox_gone");
      assert(/time to live/.test(error.message), error.message);
      await eventually(
        "its removal",
        async () => await backend.containers() === 0,
      );
    }
  },
);

dockerTest(
  "LocalDockerBackend sweeps what dead and expired owners left, and nothing of the living",
  async () => {
    const { run, child } = await startOwner();
    // Should this test be killed, a sweep a little later removes what it left.
    const soon = new Date(Date.now() + MINUTE_MS).toISOString();
    const owner = { ...await labelsOf(run), "zu.expires": soon };
    const left = {
      ofTheDead: await leave({ ...owner, "zu.owner.pid": "999999999" }),
      ofItsNamesake: await leave({ ...owner, "zu.owner.start": "1" }),
      ofTheDayBefore: await leave({ ...owner, "zu.owner.boot": "another" }),
      expired: await leave({ ...owner, "zu.expires": "2020-01-01T00:00:00Z" }),
    };
    const kept = {
      ofTheLiving: await leave(owner),
      ofAnotherMachine: await leave({
        ...owner,
        "zu.owner.machine": "another",
        "zu.owner.pid": "999999999",
      }),
      ofAnotherContainer: await leave({
        ...owner,
        "zu.owner.pidns": "pid:[1]",
        "zu.owner.pid": "999999999",
      }),
      ofNobodyKnown: await leave({
        "zu.expires": new Date(Date.now() + HOUR_MS).toISOString(),
      }),
      odd: await leave({
        ...owner,
        "zu.owner.pid": "../../x",
        "zu.owner.start": "",
      }),
    };
    try {
      const swept = await sweep();
      const reasons = Object.fromEntries(
        swept.map(({ id, reason }) => [id, reason]),
      );
      for (const [name, id] of Object.entries(left)) {
        const reason = name === "expired" ? "expired" : "owner_dead";
        assertEquals([name, reasons[id], await isThere(id)], [
          name,
          reason,
          false,
        ]);
      }
      for (const [name, id] of Object.entries(kept)) {
        assertEquals([name, reasons[id], await isThere(id)], [
          name,
          undefined,
          true,
        ]);
      }
    } finally {
      child.kill("SIGKILL");
      await child.status;
      await Promise.all(Object.values(kept).map(remove));
    }
  },
);

dockerTest("LocalDockerBackend sweeps at its first launch", async () => {
  const id = await leave({ "zu.expires": "2020-01-01T00:00:00Z" });
  await using backend = new TestBackend();
  assertEquals(await isThere(id), true, "nothing is done before");
  await using _sandbox = await backend.launch({ image: IMAGE });
  assertEquals(await isThere(id), false);
});

dockerTest(
  "twenty sandboxes at once are launched, used and destroyed",
  async () => {
    await using backend = new TestBackend();
    const numbers = Array.from({ length: 20 }, (_, i) => `${i}`);
    const said = await Promise.all(numbers.map(async (n) => {
      await using sandbox = await backend.launch({ image: IMAGE });
      return text((await backend.run(sandbox, ["echo", n])).stdout);
    }));
    assertEquals(said, numbers.map((n) => `${n}\n`));
    assertEquals(backend.running, 0);
    assertEquals(await backend.containers(), 0);
  },
);

dockerTest(
  "LocalDockerBackend.close ends all, what is being launched included",
  async () => {
    const backend = new TestBackend();
    const sandbox = await backend.launch({ image: IMAGE });
    const running = backend.run(sandbox, ["sleep", "1000"]);
    const launching = assertRejects(() => backend.launch({ image: IMAGE }));
    await backend.close();
    await backend.close();
    assert(await launching);
    assertEquals((await running).outcome, "sandbox_gone");
    assertEquals(await backend.containers(), 0);
    const error = await assertRejects(
      () => backend.launch({ image: IMAGE }),
      BackendError,
    );
    assertEquals(error.code, "closed");
  },
);

dockerTest(
  "LocalDockerBackend notices a sandbox that others have removed",
  async () => {
    await using backend = new TestBackend();
    const sandbox = await backend.launch({ image: IMAGE });
    const running = backend.run(sandbox, ["sleep", "1000"]);
    await eventually(
      "the program",
      async () =>
        (await backend.top(sandbox)).some(({ command }) =>
          command === "sleep 1000"
        ),
    );
    await remove(sandbox.id);
    assertEquals((await running).outcome, "sandbox_gone");
    await eventually("its end", () => backend.running === 0);
    await backend.destroy(sandbox);
  },
);

dockerTest(
  "LocalDockerBackend takes a sandbox that others have paused for no lost one",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const ask = (what: string) =>
      engine.json({
        method: "POST",
        path: `/containers/${sandbox.id}/${what}`,
        what,
      });
    await ask("pause");
    const error = await assertRejects(
      () => backend.run(sandbox, ["true"]),
      BackendError,
    );
    assertEquals(error.code, "engine_failed");
    assert(/paused/.test(error.message), error.message);
    await ask("unpause");
    assertEquals((await backend.run(sandbox, ["true"])).exitCode, 0);
  },
);

dockerTest(
  "SandboxPool hands out warm containers, and leaves none",
  async () => {
    await using backend = new TestBackend();
    const pool = new SandboxPool(backend, { image: IMAGE }, { size: 2 });
    await eventually("warm ones", () => pool.ready === 2);
    const ids = new Set<string>();
    for (let i = 0; i < 4; i++) {
      await using sandbox = await pool.take();
      ids.add(sandbox.id);
      assertEquals((await backend.run(sandbox, ["true"])).exitCode, 0);
    }
    assertEquals(ids.size, 4, "one was used twice");
    await pool.close();
    assertEquals(await backend.containers(), 0);
  },
);
