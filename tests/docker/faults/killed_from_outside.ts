// Containers that somebody else kills while programs run in them.
import { assertEquals } from "@std/assert";
import { engine, eventually } from "../_engine.ts";
import {
  assertGone,
  type Fault,
  keepBusy,
  launch,
  type World,
} from "./_world.ts";

async function ask(method: "POST" | "DELETE", path: string): Promise<void> {
  await engine.json({ method, path, what: "do as somebody else" });
}

/** A sandbox whose container ends at the hands of somebody else. */
function killed(kill: (id: string) => Promise<void>): Fault {
  return async (world) => {
    const sandbox = await launch(world);
    const { ends } = await keepBusy(world, sandbox);
    await kill(sandbox.id);
    assertEquals(await ends, {
      run: "sandbox_gone",
      spawn: "sandbox_gone",
      shell: "sandbox_gone",
    });
    await assertGone(world, sandbox);
    await assertNothingLeft(world);
  };
}

async function assertNothingLeft({ backend }: World): Promise<void> {
  await eventually("their end", () => backend.running === 0);
  await eventually(
    "their removal",
    async () => await backend.containers() === 0,
  );
}

/** `docker kill`. */
export const byDockerKill: Fault = killed((id) =>
  ask("POST", `/containers/${id}/kill`)
);

/** `docker rm --force`. */
export const byDockerRemove: Fault = killed((id) =>
  ask("DELETE", `/containers/${id}?force=true`)
);

/** SIGKILL of the container's first process, which the engine has no part in. */
export const byItsInit: Fault = killed(async (id) => {
  const { State } = await engine.json<{ State: { Pid: number } }>(
    { method: "GET", path: `/containers/${id}/json`, what: "look" },
    { State: "object" },
  );
  Deno.kill(State.Pid, "SIGKILL");
});

/** The kernel, for want of memory: its main program wants too much. */
export const byTheKernel: Fault = async (world: World): Promise<void> => {
  const { backend } = world;
  const script = "until [ -e /tmp/go ]; do sleep 0.05; done; " +
    "exec dd if=/dev/zero of=/dev/null bs=256M count=1";
  const sandbox = await launch(world, {
    command: ["sh", "-c", script],
    memory: "48m",
  });
  const running = backend.run(sandbox, ["sleep", "1000"]);
  await backend.run(sandbox, ["touch", "/tmp/go"]);
  const { outcome, cleanup } = await running;
  assertEquals([outcome, cleanup], ["oom", "sandbox_killed"]);
  await assertGone(world, sandbox);
  await assertNothingLeft(world);
};
