import { assertEquals, assertStringIncludes } from "@std/assert";
import type { ChainViolation } from "@zu/backends/sinks";
import { judgeFindings } from "../../../examples/demo/tamper.ts";
import type { Finding } from "../../../examples/demo/tampering.ts";

const EVENT = "00000000-0000-4000-8000-000000000001";
const TRACE = "00000000-0000-4000-8000-0000000000aa";
const OTHER = "00000000-0000-4000-8000-0000000000bb";

const EXPECTED: Finding = {
  code: "column_mismatch",
  seq: 7,
  event_id: EVENT,
  trace_id: TRACE,
};

function violation(changes: Partial<ChainViolation>): ChainViolation {
  return { ...EXPECTED, message: "as it was found", ...changes };
}

Deno.test("judgeFindings is content with what names the edit", () => {
  assertEquals(judgeFindings(EXPECTED, [violation({})]), undefined);
  const more = violation({ code: "cut_tail", event_id: null });
  assertEquals(judgeFindings(EXPECTED, [violation({}), more]), undefined);
});

Deno.test("judgeFindings complains where nothing was found", () => {
  assertEquals(judgeFindings(EXPECTED, []), "nothing was found");
});

Deno.test("judgeFindings complains about another code, row, event or trace", () => {
  const wrong: [Partial<ChainViolation>, string][] = [
    [{ code: "hash_mismatch" }, "code is hash_mismatch"],
    [{ seq: 8 }, "seq is 8, and should be 7"],
    [{ event_id: OTHER }, `event_id is ${OTHER}`],
    [{ event_id: null }, "event_id is null"],
    [{ trace_id: OTHER }, `trace_id is ${OTHER}`],
  ];
  for (const [changes, part] of wrong) {
    const problem = judgeFindings(EXPECTED, [violation(changes)]);
    assertStringIncludes(problem ?? "no problem", part);
  }
});

Deno.test("judgeFindings complains where another trace is blamed, too", () => {
  const other = violation({ trace_id: OTHER, seq: 9 });
  const problem = judgeFindings(EXPECTED, [violation({}), other]);
  assertStringIncludes(problem ?? "no problem", OTHER);
});
