import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { rowAad, type RowAadFields } from "../../codec/mod.ts";
import { ROW, vector } from "./_helpers.ts";

const COLUMNS = ["event_id", "trace_id", "task_id", "type", "source"] as const;

Deno.test("rowAad gives the additional data of the vectors", () => {
  const aad = rowAad({
    event_id: "00000000-0000-4000-8000-000000000001",
    trace_id: "00000000-0000-0000-0000-0000000000aa",
    task_id: "00000000-0000-0000-0000-0000000000bb",
    type: "harness.x",
    source: "s",
  });
  assertEquals(aad, vector(2).aad);
});

Deno.test("rowAad takes an event and ignores its other fields", () => {
  const event = { ...ROW, parent_id: null, payload: { a: 1 } };
  assertEquals(rowAad(event), rowAad(ROW));
});

Deno.test("rowAad encodes as UTF-8 and allows an empty source", () => {
  const aad = rowAad({ ...ROW, type: "harness.é😀", source: "" });
  assertEquals(
    new TextDecoder().decode(aad),
    `${ROW.event_id}\x1f${ROW.trace_id}\x1f${ROW.task_id}\x1fharness.é😀\x1f`,
  );
});

for (const column of COLUMNS) {
  Deno.test(`lesson 8: rowAad refuses 0x1f in ${column}`, () => {
    assertThrows(
      () => rowAad({ ...ROW, [column]: "a\x1fb" }),
      TypeError,
      `${column} holds the character U+001F`,
    );
  });

  Deno.test(`rowAad refuses a ${column} that UTF-8 cannot hold`, () => {
    assertThrows(
      () => rowAad({ ...ROW, [column]: "a\ud800" }),
      TypeError,
      `${column} holds a lone surrogate`,
    );
  });

  Deno.test(`rowAad refuses a ${column} that is no string`, () => {
    for (const value of [undefined, null, 1, {}]) {
      const row = { ...ROW, [column]: value } as unknown as RowAadFields;
      assertThrows(() => rowAad(row), TypeError, `${column} must be a string`);
    }
  });
}

Deno.test("lesson 8: rowAad gives different rows different bytes", () => {
  // Few characters, so that rows often differ only in where columns end.
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 3 });
  const row = fc.record({
    event_id: text,
    trace_id: text,
    task_id: text,
    type: text,
    source: text,
  });
  fc.assert(fc.property(row, row, (one, other) => {
    const same = COLUMNS.every((column) => one[column] === other[column]);
    const compare = same ? assertEquals : assertNotEquals;
    compare(rowAad(one), rowAad(other));
  }));
});
