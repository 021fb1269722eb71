// An engine that goes down and comes back while programs run.
import { assert, assertEquals } from "@std/assert";
import { eventually, TestBackend } from "../_engine.ts";
import { hasFirstBridge, SecondEngine } from "../_second_engine.ts";
import {
  assertGone,
  failsWith,
  type Fault,
  keepBusy,
  launch,
} from "./_world.ts";

/** What may be said of a program whose engine went down under it. */
const LOST = ["sandbox_gone", "engine_unavailable", "engine_failed"];

/** `dockerd` is restarted during execs. */
function restarted(
  isLiveRestoring: boolean,
  signal: "SIGTERM" | "SIGKILL",
): Fault {
  return async ({ note }) => {
    const hadBridge = await hasFirstBridge();
    await using second = await SecondEngine.start({ isLiveRestoring });
    await using backend = new TestBackend({ socketPath: second.socketPath });
    const world = { backend, note };
    const sandbox = await launch(world);
    const { ends } = await keepBusy(world, sandbox);
    const startedMs = performance.now();
    await second.stop(signal);
    for (const [what, end] of Object.entries(await ends)) {
      assert(LOST.includes(end), `${what}: ${end}`);
    }
    note("down_ms", Math.round(performance.now() - startedMs));
    await failsWith("engine_unavailable", () => launch(world));
    await second.start();
    await assertGone(world, sandbox);
    await eventually("their end", () => backend.running === 0);
    await eventually(
      "their removal",
      async () => (await second.containersOf(backend.runId)).length === 0,
    );
    await backend.close();
    assertEquals(await hasFirstBridge(), hadBridge, "the first one's bridge");
  };
}

/** Without live-restore: the engine ends the containers as it goes. */
export const endingContainers: Fault = restarted(false, "SIGTERM");

/** With live-restore: the containers could live on, but their leash is gone. */
export const keepingContainers: Fault = restarted(true, "SIGTERM");

/** Killed, so that it ends nothing and says nothing. */
export const killed: Fault = restarted(false, "SIGKILL");
