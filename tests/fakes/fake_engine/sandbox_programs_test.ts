import { assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "../../../backends/mod.ts";
import { LocalDockerBackend } from "../../../backends/local_docker_backend.ts";
import { FakeEngine } from "./fake_engine.ts";
import { BASIC_PROGRAMS, programsByName } from "./programs.ts";
import { sandboxPrograms } from "./sandbox_programs.ts";

const IMAGE = "localhost/box:1";
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function start(
  options: Parameters<typeof sandboxPrograms>[1] = {},
): Promise<FakeEngine> {
  return FakeEngine.start({
    images: { [IMAGE]: {} },
    programs: sandboxPrograms(programsByName(BASIC_PROGRAMS), options),
  });
}

function backendOf({ socketPath }: FakeEngine): LocalDockerBackend {
  return new LocalDockerBackend({ socketPath, onWarning: () => {} });
}

Deno.test("sandboxPrograms lets LocalDockerBackend launch, run, end what takes long, and destroy", async () => {
  await using engine = await start();
  await using backend = backendOf(engine);
  const sandbox = await backend.launch({ image: IMAGE, user: "1000:1000" });
  const echo = await backend.run(sandbox, ["echo", "a", "b"]);
  assertEquals([echo.outcome, echo.exitCode, text(echo.stdout)], [
    "exited",
    0,
    "a b\n",
  ]);
  const cat = await backend.run(sandbox, ["cat"], {
    stdin: "x".repeat(100_000),
  });
  assertEquals(cat.stdout.length, 100_000);
  const none = await backend.run(sandbox, ["nothing"]);
  assertEquals(none.exitCode, 127);
  const sleep = await backend.run(sandbox, ["sleep", "9"], { timeoutMs: 50 });
  assertEquals(
    [sleep.outcome, sleep.cleanup, sleep.survivors],
    ["timeout", "verified", 0],
  );
  const { problems, noNewPrivileges } = await backend.posture(sandbox);
  assertEquals([problems, noNewPrivileges], [[], true]);
  assertEquals(engine.containers[0]!.processes.length, 1);
  await backend.destroy(sandbox);
  assertEquals(engine.containers, []);
});

Deno.test("sandboxPrograms ends a command with its leash", async () => {
  await using engine = await start();
  const backend = backendOf(engine);
  await backend.launch({ image: IMAGE, command: ["sleep", "9"] });
  assertEquals(engine.containers[0]!.isRunning, true);
  await backend[Symbol.asyncDispose]();
  assertEquals(engine.containers, []);
});

Deno.test("sandboxPrograms can look otherwise from within, and leave survivors", async () => {
  const inside = (lines: string[]) =>
    lines.map((line) => line.replace("NoNewPrivs: 1", "NoNewPrivs: 0"));
  await using loose = await start({ inside });
  await using refusing = backendOf(loose);
  const error = await assertRejects(
    () => refusing.launch({ image: IMAGE }),
    BackendError,
  );
  assertEquals(error.code, "start_failed");
  assertEquals(loose.containers, []);
  const outlives = ({ argv }: { argv: readonly string[] }) =>
    argv[4] === "sleep";
  await using engine = await start({ outlives });
  await using backend = backendOf(engine);
  const sandbox = await backend.launch({ image: IMAGE });
  const sleep = await backend.run(sandbox, ["sleep", "9"], { timeoutMs: 50 });
  assertEquals([sleep.cleanup, sleep.survivors], ["sandbox_killed", 1]);
  assertEquals(engine.containers, []);
});
