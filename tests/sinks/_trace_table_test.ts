import { assert, assertEquals } from "@std/assert";
import { type Part, TraceTable, WHOLE } from "../../sinks/_trace_table.ts";
import { id } from "./_chains.ts";

const IDS = Array.from({ length: 2_000 }, (_, i) => id(i));

Deno.test("TraceTable keeps one half of its traces in a split and gives up the other", () => {
  for (const seed of [0, 1, -1, 0x7fffffff]) {
    const table = new TraceTable(WHOLE, 1_999, seed);
    for (const trace_id of IDS) table.get(trace_id);
    assert(table.isOverfull);
    const { part, dropped } = table.split();
    const kept = table.entries().map(([trace_id]) => trace_id);
    assertEquals(kept.length + dropped.length, IDS.length);
    assert(Math.abs(kept.length - 1_000) < 200, `${kept.length} are kept`);
    const other = new TraceTable(part, 1_999, seed);
    for (const trace_id of IDS) {
      assertEquals(table.has(trace_id), !other.has(trace_id));
      assertEquals(table.has(trace_id), kept.includes(trace_id));
    }
  }
});

Deno.test("TraceTable splits until every bit counts, and no further", () => {
  const table = new TraceTable(WHOLE, 1, 7);
  const trace_id = IDS[0]!;
  const parts: Part[] = [];
  while (parts.length < 40) {
    for (const each of IDS.slice(0, 2)) table.get(each);
    if (!table.isOverfull) break;
    parts.push(table.split().part);
  }
  assertEquals(parts.length, 32);
  const holders = [table.part, ...parts].filter((part) =>
    new TraceTable(part, 1, 7).has(trace_id)
  );
  assertEquals(holders.length, 1, "every trace is in one part");
});

Deno.test("TraceTable gives a trace's state again, in the order of ids", () => {
  const table = new TraceTable(WHOLE, 10, 7);
  const later = table.get(id(2));
  table.get(id(1));
  assertEquals(table.get(id(2)) === later, true);
  assertEquals(table.entries().map(([each]) => each), [id(1), id(2)]);
  assert(!table.isOverfull);
});
