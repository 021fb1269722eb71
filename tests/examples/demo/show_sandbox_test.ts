import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MemorySink } from "@zu/backends/sinks";
import { SandboxTrace } from "../../../examples/demo/sandbox_trace.ts";
import {
  showNoSandbox,
  showSandbox,
} from "../../../examples/demo/show_sandbox.ts";
import { printed } from "./_printed.ts";
import { POSTURE, recordUse, USE } from "./_sandbox_use.ts";

Deno.test("showSandbox tells image, guards, observations, what is left and what is recorded", async () => {
  await using log = new MemorySink();
  const trace = new SandboxTrace((event) => log.append(event));
  await recordUse(trace);
  const lines = await printed(() => showSandbox(USE, trace.published));
  const text = lines.join("\n");
  for (
    const part of [
      "Sandbox, launched in 90 ms",
      "localhost/zu-demo:1, which stays",
      "user 65534:65534, no capabilities, no new privileges, seccomp filter",
      "no network, read-only files, 64 MiB of memory, 1 cpu, 32 processes",
      '{"words":5,"characters":28}',
      "504  560  ",
      "Left: 0 of the calls' processes, 0 containers",
      "  6  harness.sandbox.destroyed  loop",
    ]
  ) assertStringIncludes(text, part);
  for (const line of lines) assert(line.length <= 120, line);
});

Deno.test("showSandbox does not hide a guard that is not there", async () => {
  const posture = {
    ...POSTURE,
    capabilities: ["CHOWN"],
    noNewPrivileges: false,
    seccomp: "none",
    interfaces: ["lo", "eth0"],
    readOnlyRootfs: false,
    memory: null,
    cpus: null,
    pids: null,
  } as const;
  const lines = await printed(() => showSandbox({ ...USE, posture }, []));
  const text = lines.join("\n");
  assertStringIncludes(text, "CHOWN, may gain privileges, seccomp none");
  assertStringIncludes(
    text,
    "network lo eth0, writable files, all of memory, all cpu, any number of",
  );
});

Deno.test("showNoSandbox is one line, whatever it is told", async () => {
  const lines = await printed(() => showNoSandbox("a: first\nsecond\n"));
  assertEquals(lines.filter((line) => line !== "").length, 1);
});
