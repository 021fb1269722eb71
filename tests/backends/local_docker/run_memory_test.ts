import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../../", import.meta.url);
/** Less than a third of what thirty runs were given to read. */
const GROWTH_BYTES_MAX = 8 * 1024 * 1024;

Deno.test("LocalDockerBackend.run keeps nothing of a run that is over", async () => {
  const program = "tests/backends/local_docker/run_memory_program.ts";
  const flags = ["-RWE", "--allow-net", "--no-check", "--v8-flags=--expose-gc"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...flags, program],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(code, 0, text(stderr));
  const [first, last] = text(stdout).split(" ").map(Number);
  assert(last! - first! < GROWTH_BYTES_MAX, `it grew: ${text(stdout)}`);
});
