// Runs programs with large inputs, and prints what is in use early on and later, in
// bytes: run by run_memory_test.ts, with a collector that can be called.
import { backendFor, IMAGE, startEngine } from "./_fake_backend.ts";

const INPUT_BYTES = 1024 * 1024;
const RUNS_FIRST = 10;
const RUNS = 40;

function used(): number {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

if (import.meta.main) {
  await using engine = await startEngine();
  await using backend = backendFor(engine);
  await using sandbox = await backend.launch({ image: IMAGE });
  let first = 0;
  for (let n = 1; n <= RUNS; n++) {
    const stdin = new Uint8Array(INPUT_BYTES);
    await backend.run(sandbox, ["cat"], { stdin, stdoutMax: 1 });
    if (n === RUNS_FIRST) first = used();
  }
  console.log(first, used());
}
