import { assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "@zu/backends/backends";
import { MemorySink } from "@zu/backends/sinks";
import { checkEgress } from "../../../examples/demo/egress_check.ts";
import { FORWARDER_IMAGE } from "../../../examples/demo/egress_excuse.ts";
import { useSandbox } from "../../../examples/demo/sandbox.ts";
import {
  checkCalls,
  checkLeft,
} from "../../../examples/demo/sandbox_checks.ts";
import { SandboxTrace } from "../../../examples/demo/sandbox_trace.ts";
import { dockerTest, engine } from "../../docker/_engine.ts";
import { FakeEngine } from "../../fakes/fake_engine/fake_engine.ts";

const REASON = new DOMException("Interrupted", "AbortError");

/** Whether the engine still has the container that a trace is about. */
async function isThere({ published }: SandboxTrace): Promise<boolean> {
  const path = `/containers/${published[0]!.event.payload.id}/json`;
  const what = "look for the container";
  try {
    await engine.json({ method: "GET", path, what, codes: { 404: "closed" } });
    return true;
  } catch (error) {
    if (error instanceof BackendError && error.code === "closed") return false;
    throw error;
  }
}

/** How many forwarders of the demo the engine still has. */
async function forwarders(): Promise<number> {
  const found = await engine.json<unknown[]>({
    method: "GET",
    path: "/containers/json",
    query: { all: true, filters: { ancestor: [FORWARDER_IMAGE] } },
    what: "look for forwarders",
  });
  return found.length;
}

function typesOf({ published }: SandboxTrace): string[] {
  return published.map(({ event }) => event.type);
}

dockerTest(
  "useSandbox makes the calls in a guarded sandbox, and leaves nothing",
  async () => {
    await using log = new MemorySink();
    const trace = new SandboxTrace((event) => log.append(event));
    const use = await useSandbox(trace, new AbortController().signal);
    assertEquals(checkCalls(use).problem, undefined);
    assertEquals(checkLeft(use).problem, undefined);
    const { memory, pids, capabilities, interfaces, uid } = use.posture;
    assertEquals({ memory, pids, capabilities, interfaces, uid }, {
      memory: 64 * 1024 * 1024,
      pids: 32,
      capabilities: [],
      interfaces: ["lo"],
      uid: 65534,
    });
    const checks = checkEgress(use, trace.published);
    assertEquals(checks.map(({ problem }) => problem), [undefined]);
    assertEquals(typesOf(trace).slice(5), [
      "harness.tool.called",
      ...Array(4).fill("data.egress.attempted"),
      "data.tool.observed",
      "harness.sandbox.destroyed",
    ]);
    const { id, egress } = trace.published[0]!.event.payload;
    for (const { event } of trace.published.slice(6, 10)) {
      assertEquals(event.payload.sandbox, id);
      assertEquals(event.parent_id, trace.published[5]!.event.event_id);
    }
    if ("why" in use.egress) throw new Error(use.egress.why);
    assertEquals(egress, { allow: [use.egress.granted] });
    assertEquals([await isThere(trace), await forwarders()], [false, 0]);
  },
);

for (const isRunning of [false, true]) {
  const when = isRunning ? "in" : "before";
  dockerTest(
    `useSandbox, interrupted ${when} a call, destroys sandbox and forwarder and records that`,
    async () => {
      await using log = new MemorySink();
      const controller = new AbortController();
      const interrupt = () => controller.abort(REASON);
      const trace = new SandboxTrace(async (event) => {
        const stored = await log.append(event);
        if (event.payload.tool === "wait") {
          if (isRunning) setTimeout(interrupt, 100);
          else interrupt();
        }
        return stored;
      });
      const error = await assertRejects(
        () => useSandbox(trace, controller.signal),
      );
      assertEquals(error, REASON);
      assertEquals(typesOf(trace), [
        "harness.sandbox.launched",
        "harness.tool.called",
        "data.tool.observed",
        "harness.tool.called",
        "harness.sandbox.destroyed",
      ]);
      assertEquals([await isThere(trace), await forwarders()], [false, 0]);
    },
  );
}

dockerTest("useSandbox launches nothing once it is interrupted", async () => {
  const trace = new SandboxTrace(() => Promise.reject(new Error("recorded")));
  const error = await assertRejects(
    () => useSandbox(trace, AbortSignal.abort(REASON)),
  );
  assertEquals(error, REASON);
});

/** Has `DOCKER_HOST` lead to an engine of the test. */
async function withHost(
  { socketPath }: FakeEngine,
  use: () => Promise<void>,
): Promise<void> {
  const before = Deno.env.get("DOCKER_HOST");
  Deno.env.set("DOCKER_HOST", `unix://${socketPath}`);
  try {
    await use();
  } finally {
    if (before === undefined) Deno.env.delete("DOCKER_HOST");
    else Deno.env.set("DOCKER_HOST", before);
  }
}

Deno.test({
  name: "useSandbox can be interrupted while the engine says nothing",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using fake = await FakeEngine.start();
    fake.fault({ kind: "silence", path: /./, times: Infinity });
    const controller = new AbortController();
    const trace = new SandboxTrace(() => Promise.reject(new Error("recorded")));
    await withHost(fake, async () => {
      const using = useSandbox(trace, controller.signal);
      const caught = assertRejects(() => using);
      await fake.when("a request", () => fake.requests.length > 0);
      controller.abort(REASON);
      assertEquals(await caught, REASON);
    });
  },
});
