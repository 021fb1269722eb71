import { assertEquals, assertRejects } from "@std/assert";
import { MemorySink, verifyLog } from "@zu/backends/sinks";
import { SandboxTrace } from "../../../examples/demo/sandbox_trace.ts";
import {
  ATTEMPTS,
  POSTURE,
  recordEgressUse,
  recordUse,
  SANDBOX,
} from "./_sandbox_use.ts";

Deno.test("SandboxTrace records a sandbox's life as one task of one trace", async () => {
  await using log = new MemorySink();
  const trace = new SandboxTrace((event) => log.append(event));
  await recordUse(trace);
  const stored = await log.query();
  assertEquals(stored, trace.published);
  const events = stored.map(({ event }) => event);
  assertEquals(events.map(({ type, source }) => [type, source]), [
    ["harness.sandbox.launched", "loop"],
    ["harness.tool.called", "loop"],
    ["data.tool.observed", "word_count"],
    ["harness.tool.called", "loop"],
    ["data.tool.observed", "wait"],
    ["harness.sandbox.destroyed", "loop"],
  ]);
  assertEquals(new Set(events.map(({ trace_id }) => trace_id)).size, 1);
  assertEquals(new Set(events.map(({ task_id }) => task_id)).size, 1);
  const parents = events.map(({ parent_id }) =>
    events.findIndex(({ event_id }) => event_id === parent_id)
  );
  assertEquals(parents, [-1, 0, 1, 0, 3, 0]);
  assertEquals((await verifyLog(log)).violations, []);
});

Deno.test("SandboxTrace records what was launched, asked, observed and destroyed", async () => {
  await using log = new MemorySink();
  const trace = new SandboxTrace((event) => log.append(event));
  await recordUse(trace);
  const { id, image } = SANDBOX;
  const payloads = trace.published.map(({ event }) => event.payload);
  const { uid, gid, capabilities, seccomp, interfaces, runtime } = POSTURE;
  assertEquals(payloads[0], {
    id,
    image,
    backend: "local-docker",
    launch_ms: 90,
    posture: {
      uid,
      gid,
      capabilities,
      no_new_privileges: true,
      seccomp,
      interfaces,
      read_only_rootfs: true,
      memory: 64 * 1024 * 1024,
      swap: 0,
      cpus: 1,
      pids: 32,
      runtime,
    },
  });
  assertEquals(payloads[3], {
    id,
    tool: "wait",
    args: { seconds: 600 },
    timeout_ms: 500,
  });
  assertEquals(payloads[4], {
    id,
    tool: "wait",
    duration_ms: 560,
    observation: { status: 504, html: "", error: "wait timed out" },
  });
  assertEquals(payloads[5], { id });
});

Deno.test("SandboxTrace records attempts as they are, in order, below the call that made them", async () => {
  await using log = new MemorySink();
  // The first takes longest, and is still the first.
  let turns = 50;
  const trace = new SandboxTrace(async (event) => {
    for (turns -= 5; turns > 0; turns--) await Promise.resolve();
    return await log.append(event);
  });
  await recordEgressUse(trace);
  const events = (await log.query()).map(({ event }) => event);
  const attempts = events.filter(({ type }) =>
    type === "data.egress.attempted"
  );
  assertEquals(
    attempts.map(({ payload }) => payload),
    ATTEMPTS.map((attempt) => ({ ...attempt })),
  );
  const called = events.findLast(({ type }) => type === "harness.tool.called");
  assertEquals(called?.payload.tool, "fetch");
  for (const { parent_id, source } of attempts) {
    assertEquals([parent_id, source], [called?.event_id, "egress"]);
  }
  assertEquals(events.at(-2)?.type, "data.tool.observed");
  assertEquals((await verifyLog(log)).violations, []);
});

Deno.test("SandboxTrace records what a sandbox was granted", async () => {
  await using log = new MemorySink();
  const trace = new SandboxTrace((event) => log.append(event));
  const allow = ["api.example.com:80"];
  const egress = {
    policy: { allow },
    open: 0,
    isOpen: true,
    allow: () => {},
    attempts: () => {
      throw new Error("asked for attempts");
    },
  };
  await trace.launched({ ...SANDBOX, egress }, POSTURE, 90);
  const [launched] = trace.published;
  assertEquals(launched?.event.payload.egress, { allow });
});

Deno.test("SandboxTrace goes on after what was refused", async () => {
  await using log = new MemorySink();
  let isFull = true;
  const trace = new SandboxTrace((event) =>
    isFull ? Promise.reject(new Error("full")) : log.append(event)
  );
  await assertRejects(() => trace.attempted(ATTEMPTS[0]!), Error, "full");
  isFull = false;
  await trace.attempted(ATTEMPTS[1]!);
  assertEquals(trace.published, await log.query());
  assertEquals(trace.published.length, 1);
});

Deno.test("SandboxTrace counts nothing as recorded that was refused", async () => {
  const trace = new SandboxTrace(() => Promise.reject(new Error("full")));
  await assertRejects(() => recordUse(trace), Error, "full");
  assertEquals(trace.published, []);
});
