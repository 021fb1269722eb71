import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { FakeEngine } from "../fakes/fake_engine/fake_engine.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const SCRIPT = here("../../scripts/with_engine.sh");
const FAKE = here("_fake_dockerd.ts");

const hasNode = await new Deno.Command("node", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);

/** Registers a test in a folder in which an engine would have its files. */
function engineTest(
  name: string,
  fn: (folder: string) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux" || !hasNode,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await Deno.mkdir(`${folder}/bin`);
        const dockerd = `#!/bin/sh\nexec "$FAKE_DENO" run -qA "$@"\n`;
        await Deno.writeTextFile(`${folder}/bin/dockerd`, dockerd, {
          mode: 0o755,
        });
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** Starts the script with a dockerd that behaves in some way. */
function start(
  folder: string,
  how: string,
  command: string[],
  timeoutS = 60,
): Deno.ChildProcess {
  return new Deno.Command(SCRIPT, {
    args: command,
    env: {
      PATH: `${folder}/bin:${Deno.env.get("PATH")}`,
      FAKE_DENO: Deno.execPath(),
      ENGINE_RUN: folder,
      ENGINE_ARGS: `${FAKE} ${folder} ${how}`,
      ENGINE_TIMEOUT_S: `${timeoutS}`,
      TMPDIR: folder,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function outcomeOf(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** What is in the folder but what was put there. */
async function filesOf(folder: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return names.filter((name) => name !== "bin").sort();
}

const LOOK = ["sh", "-c", 'test -S "$ENGINE_RUN/docker.sock" && echo there'];

engineTest(
  "with_engine starts an engine for a command, and ends it afterwards",
  async (folder) => {
    const { code, stdout, stderr } = await outcomeOf(
      start(folder, "serves", LOOK),
    );
    assertEquals([code, stdout, stderr], [0, "there\n", ""]);
    // It was asked to end, and had the time for it; its log is gone.
    assertEquals(await filesOf(folder), ["docker.pid", "ended"]);
  },
);

engineTest("with_engine exits with the command's code", async (folder) => {
  const command = ["sh", "-c", "exit 7"];
  const { code, stderr } = await outcomeOf(start(folder, "serves", command));
  assertEquals([code, stderr], [7, ""]);
  assertEquals(await filesOf(folder), ["docker.pid", "ended"]);
});

engineTest(
  "with_engine leaves an engine alone that was running",
  async (folder) => {
    const socketPath = `${folder}/docker.sock`;
    await using engine = await FakeEngine.start({ socketPath });
    const { code, stdout, stderr } = await outcomeOf(
      start(folder, "dies", LOOK),
    );
    assertEquals([code, stdout, stderr], [0, "there\n", ""]);
    assertEquals(engine.requests.map(({ path }) => path), ["/_ping"]);
    assertEquals(await filesOf(folder), ["docker.sock"]);
  },
);

engineTest(
  "with_engine removes what an engine that was killed has left",
  async (folder) => {
    await Deno.mkdir(`${folder}/docker/containerd`, { recursive: true });
    const containerdPid = `${folder}/docker/containerd/containerd.pid`;
    // The numbers are those of other processes by now; a live one is the worst.
    await Deno.writeTextFile(containerdPid, `${Deno.pid}`);
    await Deno.writeTextFile(`${folder}/docker.pid`, `${Deno.pid}`);
    // As at a socket whose listener is dead, connections are refused.
    await Deno.writeTextFile(`${folder}/docker.sock`, "");
    const { code, stdout, stderr } = await outcomeOf(
      start(folder, "serves", LOOK),
    );
    assertEquals([code, stdout, stderr], [0, "there\n", ""]);
    assertEquals(
      await Array.fromAsync(Deno.readDir(`${folder}/docker/containerd`)),
      [],
    );
  },
);

engineTest(
  "with_engine runs nothing where dockerd ends, and shows its log",
  async (folder) => {
    const { code, stdout, stderr } = await outcomeOf(
      start(folder, "dies", LOOK),
    );
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, "dockerd has ended before it answered");
    assertStringIncludes(stderr, "fake dockerd: dies");
    assertEquals(await filesOf(folder), []);
  },
);

engineTest(
  "with_engine runs nothing where dockerd never answers, and ends it",
  async (folder) => {
    const child = start(folder, "hangs", LOOK, 2);
    const { code, stdout, stderr } = await outcomeOf(child);
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, "no engine answers");
    assertStringIncludes(stderr, "fake dockerd: hangs");
    assertEquals(await filesOf(folder), ["docker.pid", "ended"]);
  },
);

engineTest(
  "with_engine ends the engine when it is ended itself",
  async (folder) => {
    const command = ["sh", "-c", "echo $$; exec sleep 60"];
    const child = start(folder, "serves", command);
    const stdout = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    const pid = Number((await stdout.read()).value);
    child.kill("SIGTERM");
    assertEquals((await child.status).signal, "SIGTERM");
    assertEquals(await filesOf(folder), ["docker.pid", "ended"]);
    // The command is for whoever has started both.
    Deno.kill(pid);
    await Promise.all([stdout.cancel(), child.stderr.cancel()]);
  },
);
