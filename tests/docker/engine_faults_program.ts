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

/** Loads what is loaded once, so that it does not count. */
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
  const before = descriptors();
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
