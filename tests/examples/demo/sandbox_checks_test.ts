import { assertEquals, assertStringIncludes } from "@std/assert";
import { MemorySink } from "@zu/backends/sinks";
import {
  checkCalls,
  checkLeft,
  checkTrace,
} from "../../../examples/demo/sandbox_checks.ts";
import { SandboxTrace } from "../../../examples/demo/sandbox_trace.ts";
import { EGRESS_USE, recordUse, USE } from "./_sandbox_use.ts";

Deno.test("checkCalls holds where one call was answered and the other ended", () => {
  assertEquals(checkCalls(USE).problem, undefined);
  assertEquals(checkCalls(EGRESS_USE).problem, undefined);
  const [answered, ended] = USE.calls as [
    typeof USE.calls[0],
    typeof USE.calls[0],
  ];
  const wrong = { ...answered!, observation: { status: 200, words: 6 } };
  for (
    const calls of [
      [],
      [answered!],
      [ended!, answered!],
      [wrong, ended!],
      [answered!, answered!],
    ]
  ) {
    const { problem } = checkCalls({ calls });
    assertStringIncludes(problem ?? "no problem", "it gave [");
  }
});

Deno.test("checkLeft names what still runs, and counts what still is there", () => {
  assertEquals(checkLeft(USE).problem, undefined);
  const running = checkLeft({ ...USE, leftProcesses: ["sleep 600"] });
  assertStringIncludes(running.problem ?? "", "sleep 600");
  const there = checkLeft({ ...USE, leftContainers: 1 });
  assertStringIncludes(there.problem ?? "", "1 containers");
});

Deno.test("checkTrace holds only for the same events in the same order", async () => {
  await using log = new MemorySink();
  const trace = new SandboxTrace((event) => log.append(event));
  await recordUse(trace);
  const { published } = trace;
  const found = await log.query();
  assertEquals(checkTrace("the log", found, published), {
    what: "the log tells what became of the sandbox",
    problem: undefined,
  });
  const [first] = found;
  const edited = { ...first!, event: { ...first!.event, hash: "0" } };
  for (
    const other of [
      [],
      found.slice(1),
      found.toReversed(),
      [...found, first!],
      [edited, ...found.slice(1)],
    ]
  ) {
    const { problem } = checkTrace("the log", other, published);
    assertStringIncludes(problem ?? "no problem", "and should have");
  }
});
