import type { Sandbox, SandboxProcess } from "../../backends/mod.ts";
import { eventually, type TestBackend, text } from "./_engine.ts";

/**
 * Sees a program that writes without end come to a stand while nobody reads, and go
 * on when somebody does.
 *
 * @returns The program, which nobody reads any more.
 */
export async function seeHeldBack(
  backend: TestBackend,
  sandbox: Sandbox,
): Promise<SandboxProcess> {
  const script = "while :; do head -c 65536 /dev/zero; n=$((n+1)); " +
    "echo $n > /tmp/n; done";
  const process = await backend.spawn(sandbox, ["sh", "-c", script]);
  const reader = process.stdout.getReader();
  await reader.read();
  const written = async () =>
    Number(text((await backend.run(sandbox, ["cat", "/tmp/n"])).stdout));
  // What is buffered on the way is bounded.
  let last = -1;
  await eventually("a stand", async () => {
    const before = last;
    last = await written();
    return last === before && last > 0;
  });
  const stand = last;
  for (let i = 0; i < 400; i++) await reader.read();
  await eventually("more", async () => await written() > stand);
  await reader.cancel();
  return process;
}
