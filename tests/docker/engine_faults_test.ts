import { assertEquals } from "@std/assert";
import { dockerTest } from "./_engine.ts";
import { FAULTS, RESTARTS } from "./faults/mod.ts";
import { whyNoSecondEngine } from "./_second_engine.ts";

const ROOT = new URL("../../", import.meta.url);
/** No fault takes so long on any machine: what does hangs. */
const HANG_MS = 90_000;

/** Lets a fault happen in a process of its own, which has to end by itself. */
async function letHappen(name: string): Promise<void> {
  const program = "tests/docker/engine_faults_program.ts";
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program, name],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  let isHanging = false;
  const timer = setTimeout(() => {
    isHanging = true;
    child.kill("SIGKILL");
  }, HANG_MS);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const [said, complaint] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  assertEquals(isHanging, false, `it hangs, having said ${said} ${complaint}`);
  assertEquals(code, 0, complaint);
  const { containers, ...notes } = JSON.parse(said!);
  assertEquals(containers, 0, "containers are left");
  if (Object.keys(notes).length > 0) console.log(name, notes);
}

for (const name of Object.keys(FAULTS)) {
  dockerTest(`LocalDockerBackend survives ${name}`, () => letHappen(name));
}

const lack = await whyNoSecondEngine();
for (const name of Object.keys(RESTARTS)) {
  dockerTest(
    `LocalDockerBackend survives ${name}`,
    () => letHappen(name),
    lack,
  );
}
