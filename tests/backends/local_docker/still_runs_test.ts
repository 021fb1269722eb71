import { assertEquals } from "@std/assert";
import type { LocalDockerBackend } from "../../../backends/local_docker_backend.ts";
import type { Sandbox } from "../../../backends/mod.ts";
import type { FakeEngine } from "../../fakes/fake_engine/fake_engine.ts";
import type { FakeProcess } from "../../fakes/fake_engine/fake_process.ts";
import { backendFor, IMAGE, startEngine } from "./_fake_backend.ts";

const LOOK = { method: "GET", path: /^\/containers\/[^/]+\/json/ };
const CREATE_EXEC = { method: "POST", path: /^\/containers\/[^/]+\/exec/ };

/** The program of a sandbox that has no other. */
async function programOf(engine: FakeEngine): Promise<FakeProcess> {
  const found = () => engine.containers[0]?.processes[1];
  await engine.when("the program", () => found() !== undefined);
  return found()!;
}

/** Lets no program start any more, as where a container's first process has ended. */
function startNothing(engine: FakeEngine): void {
  engine.fault({
    ...CREATE_EXEC,
    kind: "500",
    message: "cannot exec in a stopped state",
    times: Infinity,
  });
}

function looks(engine: FakeEngine): number {
  return engine.requests.filter(({ method, path }) =>
    method === LOOK.method && LOOK.path.test(path)
  ).length;
}

/** Runs a test with a program that goes on for ever. */
async function withProgram(
  test: (
    world: {
      readonly engine: FakeEngine;
      readonly backend: LocalDockerBackend;
      readonly sandbox: Sandbox;
      readonly running: ReturnType<LocalDockerBackend["run"]>;
      readonly program: FakeProcess;
    },
  ) => Promise<void>,
): Promise<void> {
  await using engine = await startEngine();
  await using backend = backendFor(engine);
  const sandbox = await backend.launch({ image: IMAGE });
  const running = backend.run(sandbox, ["linger"]);
  const program = await programOf(engine);
  await test({ engine, backend, sandbox, running, program });
}

Deno.test("stillRuns waits for the engine to hear of a container's end after that of its program", async () => {
  await withProgram(async ({ engine, backend, sandbox, running, program }) => {
    startNothing(engine);
    const before = looks(engine);
    // What the kernel does when somebody kills the container's first process.
    program.kill();
    // The engine says more than once that the container runs, and then not.
    await engine.when("two looks", () => looks(engine) >= before + 2);
    await engine.containers[0]!.kill();
    const { outcome, exitCode, cleanup } = await running;
    assertEquals(
      { outcome, exitCode, cleanup },
      { outcome: "sandbox_gone", exitCode: null, cleanup: "sandbox_killed" },
    );
    assertEquals(backend.isAlive(sandbox), false);
  });
});

Deno.test("stillRuns sees by a program that starts that only the other one was killed", async () => {
  await withProgram(async ({ engine, backend, sandbox, running, program }) => {
    const before = looks(engine);
    program.kill();
    const { outcome, exitCode, signal } = await running;
    assertEquals([outcome, exitCode, signal], ["exited", 137, "SIGKILL"]);
    assertEquals(looks(engine), before + 1, "one look is enough");
    assertEquals((await backend.run(sandbox, ["true"])).exitCode, 0);
  });
});

Deno.test("stillRuns takes a sandbox in which nothing can be started for one that runs, in the end", async () => {
  await withProgram(async ({ engine, backend, sandbox, running, program }) => {
    startNothing(engine);
    program.kill();
    const { outcome, exitCode } = await running;
    assertEquals([outcome, exitCode], ["exited", 137]);
    engine.clearFaults();
    assertEquals((await backend.run(sandbox, ["true"])).exitCode, 0);
  });
});
