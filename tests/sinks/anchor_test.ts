import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkAnchor } from "../../sinks/mod.ts";
import { id } from "./_chains.ts";

const ANCHOR = { trace_id: id(1), seq: 3, head: "0a".repeat(32) };

Deno.test("checkAnchor copies an anchor, freezes it, and leaves out what is none of it", () => {
  const anchor = checkAnchor({ ...ANCHOR, note: "by hand" });
  assertEquals(anchor, ANCHOR);
  assert(Object.isFrozen(anchor));
});

Deno.test("checkAnchor takes a trace's id in any usual spelling", () => {
  const trace_id = `{${ANCHOR.trace_id.toUpperCase()}}`;
  assertEquals(checkAnchor({ ...ANCHOR, trace_id }), ANCHOR);
});

Deno.test("checkAnchor refuses what is no anchor, naming the field", () => {
  for (
    const [field, value] of [
      ["trace_id", "run"],
      ["trace_id", 1],
      ["seq", 0],
      ["seq", 1.5],
      ["seq", "3"],
      ["head", null],
      ["head", "0A".repeat(32)],
      ["head", "0a"],
    ] as const
  ) {
    const bad = { ...ANCHOR, [field]: value };
    assertThrows(() => checkAnchor(bad), TypeError, field);
  }
  for (const bad of [null, undefined, "text", 1]) {
    assertThrows(() => checkAnchor(bad), TypeError, "not an object");
  }
});
