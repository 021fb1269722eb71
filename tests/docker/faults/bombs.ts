// Programs that want all there is.
import { assert, assertEquals } from "@std/assert";
import {
  assertAlone,
  assertGone,
  assertWorks,
  type Fault,
  launch,
  type World,
} from "./_world.ts";

/** Processes without end (lesson 20): they end with their time, with the sandbox if need be. */
export const ofForks: Fault = async (world: World): Promise<void> => {
  const { backend } = world;
  await using sandbox = await launch(world, { pids: 64 });
  const bomb = "echo on; b() { b | b & }; b; while :; do sleep 1; done";
  const { outcome, cleanup } = await backend.run(sandbox, ["sh", "-c", bomb], {
    timeoutMs: 500,
  });
  assertEquals(outcome, "timeout");
  if (cleanup === "verified") {
    await assertAlone(world, sandbox);
    await assertWorks(world, sandbox);
  } else await assertGone(world, sandbox);
};

/** Memory without end: one that wants it all at once, and one bit by bit. */
export const ofMemory: Fault = async (world: World): Promise<void> => {
  const { backend } = world;
  await using sandbox = await launch(world, { memory: "64m" });
  const bombs = ["exec tail /dev/zero", "x=x; while :; do x=$x$x; done"];
  for (const bomb of bombs) {
    const { outcome, exitCode, signal } = await backend.run(
      sandbox,
      ["sh", "-c", bomb],
      { timeoutMs: 20_000 },
    );
    assertEquals([outcome, exitCode, signal], ["oom", 137, "SIGKILL"], bomb);
    await assertAlone(world, sandbox);
    await assertWorks(world, sandbox);
  }
  // What lives on in the background is killed, and not what was run.
  const script = "tail /dev/zero & wait; echo done";
  const { outcome, exitCode } = await backend.run(sandbox, [
    "sh",
    "-c",
    script,
  ]);
  assertEquals([outcome, exitCode], ["exited", 0]);
  assert(backend.isAlive(sandbox));
};
