import { assertEquals } from "@std/assert";
import { createEvent, SqliteSink } from "@zu/backends/sinks";
import { planTamperings } from "../../../examples/demo/tampering.ts";

const TRACE = "00000000-0000-4000-8000-0000000000aa";
const OTHER = "00000000-0000-4000-8000-0000000000bb";

async function logOf(...traces: string[]): Promise<SqliteSink> {
  const log = await SqliteSink.open(":memory:", { driver: "builtin" });
  await log.appendAll(
    traces.map((trace_id) =>
      createEvent({
        trace_id,
        task_id: TRACE,
        type: "harness.step",
        source: "loop",
      })
    ),
  );
  return log;
}

Deno.test("planTamperings deletes a row that another one links to", async () => {
  await using log = await logOf(TRACE, OTHER, TRACE, OTHER, OTHER);
  const plan = await planTamperings(log);
  assertEquals(plan.map(({ name, expected }) => [name, expected.seq]), [
    ["edited-column", 2],
    ["edited-blob", 2],
    ["deleted-row", 4],
    ["cut-tail", undefined],
  ]);
  assertEquals(plan.at(-1)?.expected.code, "cut_tail");
});

Deno.test("planTamperings leaves that out where each trace is one event", async () => {
  await using log = await logOf(TRACE, OTHER);
  const plan = await planTamperings(log);
  assertEquals(plan.map(({ expected }) => expected.code), [
    "column_mismatch",
    "unreadable_row",
    "missing_trace",
  ]);
});
