// Lets one fault happen, and counts what this process has before and after: for
// engine_faults_test.ts, which names the fault. A process of its own, since its
// descriptors are then nobody else's, and since it ends only when no timer and no
// listener is left that would keep it.
import { eventually, TestBackend } from "./_engine.ts";
import { FAULTS, RESTARTS } from "./faults/mod.ts";
import { IMAGES } from "./_images.ts";

function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

const STEADY_MS = 1000;

/** How many descriptors there are, once that has been the same for a second. */
async function steadyDescriptors(): Promise<number> {
  let count = descriptors();
  let sinceMs = performance.now();
  await eventually("a steady number of descriptors", () => {
    const now = descriptors();
    if (now !== count) [count, sinceMs] = [now, performance.now()];
    return performance.now() - sinceMs > STEADY_MS;
  });
  return count;
}

/** Loads what is loaded once, so that it does not count: some of it a while later. */
async function warmUp(): Promise<void> {
  await using backend = new TestBackend();
  await using sandbox = await backend.launch({ image: IMAGES.busybox });
  await backend.run(sandbox, ["true"], { timeoutMs: 10_000 });
}

if (import.meta.main) {
  const [name = ""] = Deno.args;
  const fault = FAULTS[name] ?? RESTARTS[name];
  if (fault === undefined) throw new Error(`There is no fault "${name}"`);
  const notes: Record<string, number> = {};
  await warmUp();
  const before = await steadyDescriptors();
  const backend = new TestBackend();
  await fault({
    backend,
    note: (name, value) => {
      notes[name] = value;
    },
  });
  await backend.close();
  const containers = await backend.containers();
  // What was closed is gone a moment later.
  await eventually(
    `no more than ${before} descriptors`,
    () => descriptors() <= before,
  );
  console.log(JSON.stringify({ containers, ...notes }));
}
