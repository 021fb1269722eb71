import { assertEquals } from "@std/assert";
import { formatTable } from "../../../examples/demo/table.ts";

Deno.test("formatTable aligns text to the left and numbers to the right", () => {
  const table = formatTable(["type", "events"], [["data.page", 7], [
    "harness.a",
    12_345,
  ]]);
  assertEquals(
    table,
    "  type       events\n  data.page       7\n  harness.a  12,345",
  );
});

Deno.test("formatTable says how many rows it leaves out", () => {
  const rows = Array.from({ length: 2000 }, (_, i) => [`row ${i}`]);
  const lines = formatTable(["name"], rows).split("\n");
  assertEquals(lines.length, 14);
  assertEquals(lines.at(-1), "  … and 1,988 more");
});

Deno.test("formatTable shows the headings of a table without rows", () => {
  assertEquals(formatTable(["a", "b"], []), "  a  b");
});
