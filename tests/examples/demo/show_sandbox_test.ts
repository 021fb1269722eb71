import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MemorySink } from "@zu/backends/sinks";
import { SandboxTrace } from "../../../examples/demo/sandbox_trace.ts";
import {
  showNoSandbox,
  showSandbox,
} from "../../../examples/demo/show_sandbox.ts";
import { printed } from "./_printed.ts";
import {
  EGRESS_USE,
  POSTURE,
  recordEgressUse,
  recordUse,
  USE,
} from "./_sandbox_use.ts";

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
      "No scoped egress: this Deno has no glibc",
      "Left: 0 of the calls' processes, 0 containers",
      "  6  harness.sandbox.destroyed  loop",
    ]
  ) assertStringIncludes(text, part);
  for (const line of lines) assert(line.length <= 120, line);
});

Deno.test("showSandbox tells what was tried to be reached, and what came of it", async () => {
  await using log = new MemorySink();
  const trace = new SandboxTrace((event) => log.append(event));
  await recordEgressUse(trace);
  const { published } = trace;
  const lines = await printed(() => showSandbox(EGRESS_USE, published));
  const text = lines.join("\n");
  for (
    const part of [
      "localhost/zu-demo-forwarder:1, of its forwarder",
      "no network but a proxy, read-only files",
      'fetch {"urls":["http://api.example.com:40123/menu…  ',
      '{"statuses":[200,403,403,400]}',
      "GET api.example.com:40123    yes      closed         88       145",
      "GET other.example.com:40123  no       not_allowed     0         0",
      "GET (no host)                no       malformed       0         0",
      "10  data.egress.attempted      egress",
      "12  harness.sandbox.destroyed  loop",
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
