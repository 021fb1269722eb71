import { assertEquals } from "@std/assert";
import type { OutputName } from "../../../backends/local_docker/frames.ts";
import { PodmanWords } from "../../../backends/local_docker/podman_words.ts";

/** What is made of outputs: whether it could not start, and lost something. */
function read(
  ...outputs: readonly (readonly [OutputName, string])[]
): [boolean, boolean] {
  const words = new PodmanWords();
  for (const [name, text] of outputs) {
    words.take({ name, bytes: new TextEncoder().encode(text) });
  }
  return [words.couldNotStart, words.lostOutput];
}

// As Podman 4.3.1 wrote them.
const NO_FOLDER = "Error: runc: exec failed: unable to start container " +
  'process: chdir to cwd ("/none") set in config.json failed: no such file or ' +
  "directory: OCI runtime attempted to invoke a command that was not found\n";
const RESET = "Error: read unixpacket @->/proc/self/fd/14/attach: read: " +
  "connection reset by peer\n";

Deno.test("PodmanWords tells Podman's from a program's", () => {
  assertEquals(read(), [false, false]);
  assertEquals(read(["stderr", NO_FOLDER]), [true, false]);
  assertEquals(read(["stderr", NO_FOLDER], ["stderr", RESET]), [true, false]);
  assertEquals(read(["stdout", NO_FOLDER], ["stdout", RESET]), [false, false]);
  assertEquals(read(["stderr", "sh: x: not found\n"]), [false, false]);
  assertEquals(read(["stderr", `it said ${NO_FOLDER}`]), [false, false]);
});

Deno.test("PodmanWords tells that output was lost, wherever it was cut", () => {
  assertEquals(read(["stderr", RESET]), [false, true]);
  assertEquals(read(["stderr", `err${RESET}`]), [false, true]);
  const long = "x".repeat(10_000);
  assertEquals(read(["stderr", long], ["stderr", RESET]), [false, true]);
  for (let at = 0; at <= RESET.length; at++) {
    const parts = [long, RESET.slice(0, at), RESET.slice(at)];
    const outputs = parts.map((part) => ["stderr", part] as const);
    assertEquals(read(...outputs), [false, true]);
  }
  assertEquals(read(["stderr", RESET], ["stderr", "more\n"]), [false, false]);
});
