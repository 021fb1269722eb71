import { assertEquals } from "@std/assert";
import type { Check } from "../../../examples/demo/checks.ts";
import { showChecks } from "../../../examples/demo/show.ts";
import { printed } from "./_printed.ts";

const HOLDS: Check = { what: "the log verifies", problem: undefined };
const FAILS: Check = { what: "the copy verifies", problem: "it is empty" };

Deno.test("showChecks is true only if every check holds, and says which does not", async () => {
  const results: boolean[] = [];
  const lines = await printed(() => {
    results.push(showChecks([HOLDS, HOLDS]), showChecks([HOLDS, FAILS, HOLDS]));
  });
  assertEquals(results, [true, false]);
  assertEquals(lines.filter((line) => line.startsWith("  FAILED")), [
    "  FAILED  the copy verifies: it is empty",
  ]);
  assertEquals(lines.filter((line) => line.startsWith("  ok")).length, 4);
});
