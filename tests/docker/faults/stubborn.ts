// Programs that do not end when they should, or not in the usual way.
import { assertEquals } from "@std/assert";
import type { Sandbox } from "../../../backends/mod.ts";
import { eventually, text } from "../_engine.ts";
import {
  assertAlone,
  assertWorks,
  type Fault,
  launch,
  type World,
} from "./_world.ts";

const STUBBORN =
  "trap '' TERM INT HUP QUIT; echo on; while :; do sleep 1000; done";
const SILENT = "echo on; exec >&- 2>&- <&-; sleep 1000";

/** Waits until the program goes on, which it does for longer than any test. */
async function untilStubborn(
  { backend }: World,
  sandbox: Sandbox,
): Promise<void> {
  await eventually("the program goes on", async () => {
    const running = await backend.top(sandbox);
    return running.some(({ command }) => command === "sleep 1000");
  });
}

/** Ends with its time, when it is killed, in a shell and with the sandbox. */
function endedInEveryWay(script: string): Fault {
  return async (world) => {
    const { backend } = world;
    await using sandbox = await launch(world);
    const argv = ["sh", "-c", script];
    const { outcome, cleanup, survivors } = await backend.run(
      sandbox,
      argv,
      { timeoutMs: 300 },
    );
    assertEquals([outcome, cleanup, survivors], ["timeout", "verified", 0]);
    await assertAlone(world, sandbox);
    const spawned = await backend.spawn(sandbox, argv);
    const reader = spawned.stdout.getReader();
    assertEquals(text((await reader.read()).value!), "on\n");
    await spawned.stderr.cancel();
    const end = await spawned.kill();
    assertEquals([end.outcome, end.cleanup], ["aborted", "verified"]);
    await reader.cancel();
    await assertAlone(world, sandbox);
    await using shell = await backend.shell(sandbox);
    const inShell = await shell.run(argv, { timeoutMs: 300 });
    assertEquals([inShell.outcome, inShell.cleanup], ["timeout", "verified"]);
    // The shell itself was not to end, and neither was the sandbox.
    assertEquals(text((await shell.run(["echo", "on"])).stdout), "on\n");
    await assertWorks(world, sandbox);
    const last = backend.run(sandbox, argv);
    await untilStubborn(world, sandbox);
    await backend.destroy(sandbox);
    assertEquals((await last).outcome, "sandbox_gone");
    assertEquals(await backend.containers(), 0);
  };
}

/** A process that ignores SIGTERM, and whatever else it can. */
export const ignoresSigterm: Fault = endedInEveryWay(STUBBORN);

/** An exec that closes its streams and stays. */
export const closesItsStreams: Fault = endedInEveryWay(SILENT);

/** A main program that ignores SIGTERM: destroying the sandbox does not wait. */
export const mainIgnoresSigterm: Fault = async (
  world: World,
): Promise<void> => {
  const { backend, note } = world;
  const sandbox = await launch(world, { command: ["sh", "-c", STUBBORN] });
  const startedMs = performance.now();
  await backend.destroy(sandbox);
  note("destroy_ms", Math.round(performance.now() - startedMs));
  assertEquals(await backend.containers(), 0);
};
