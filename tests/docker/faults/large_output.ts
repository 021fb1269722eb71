// A gigabyte of output, in bounded memory.
import { assert, assertEquals } from "@std/assert";
import { assertWorks, type Fault, launch, type World } from "./_world.ts";

const BYTES = 2 ** 30;
const KEPT_BYTES = 10 * 2 ** 20;
const WRITE = ["dd", "if=/dev/zero", "bs=64k", `count=${BYTES / 2 ** 16}`];
const TIMEOUT_MS = 60_000;
/**
 * How much more than before a process may have at any time, on the way: a quarter
 * of what comes. What is usual is 100 MiB, of which most waits for the collector.
 */
const GROWTH_BYTES_MAX = BYTES / 4;

/** Does something, and sees how much memory it takes and how long. */
async function measured(
  { note }: World,
  what: string,
  work: () => Promise<void>,
): Promise<void> {
  const before = Deno.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, Deno.memoryUsage().rss);
  }, 20);
  const startedMs = performance.now();
  await work().finally(() => clearInterval(timer));
  note(`${what}_ms`, Math.round(performance.now() - startedMs));
  note(`${what}_mib`, Math.round((most - before) / 2 ** 20));
  assert(most - before < GROWTH_BYTES_MAX, `${what}: ${most - before} bytes`);
}

/** What `run` keeps is bounded, and the rest is counted. */
export const ofARun: Fault = async (world: World): Promise<void> => {
  const { backend } = world;
  await using sandbox = await launch(world);
  await measured(world, "run", async () => {
    const { outcome, exitCode, stdout, dropped } = await backend.run(
      sandbox,
      WRITE,
      { timeoutMs: TIMEOUT_MS },
    );
    assertEquals([outcome, exitCode], ["exited", 0]);
    assertEquals(stdout.length, KEPT_BYTES);
    assertEquals(dropped.stdout, BYTES - KEPT_BYTES);
  });
  await assertWorks(world, sandbox);
};

/** What `spawn` has on its way is bounded, and all of it comes. */
export const ofASpawn: Fault = async (world: World): Promise<void> => {
  const { backend } = world;
  await using sandbox = await launch(world);
  await measured(world, "spawn", async () => {
    const process = await backend.spawn(sandbox, WRITE, {
      timeoutMs: TIMEOUT_MS,
    });
    await process.stderr.cancel();
    let bytes = 0;
    for await (const chunk of process.stdout) bytes += chunk.length;
    const { outcome, exitCode } = await process.status;
    assertEquals([outcome, exitCode, bytes], ["exited", 0, BYTES]);
  });
  await assertWorks(world, sandbox);
};
