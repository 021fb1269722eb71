import { assert, assertEquals, assertThrows } from "@std/assert";
import { type EventFilter, planFilter } from "../../sinks/mod.ts";
import {
  checkCtxFields,
  CTX_FIELDS_MAX,
  ctxTerms,
  ctxText,
  FILTER_COLUMNS,
  matchesFilter,
} from "../../sinks/event_filter.ts";
import { assertCode, event, OF } from "./_samples.ts";

Deno.test("planFilter takes a filter apart into columns and ctx fields", () => {
  assertEquals(planFilter(), { columns: [], ctx: [] });
  assertEquals(
    planFilter({ type: "data.x", parent_id: null, user: "ann" }, ["user"]),
    {
      columns: [
        { field: "type", value: "data.x" },
        { field: "parent_id", value: null },
      ],
      ctx: [{ field: "user", value: "ann" }],
    },
  );
});

Deno.test("planFilter spells ids as they are stored, in every id column", () => {
  for (const field of FILTER_COLUMNS.filter((name) => name.endsWith("_id"))) {
    const filter = { [field]: `{${OF.trace_id.toUpperCase()}}` };
    assertEquals(planFilter(filter).columns, [{ field, value: OF.trace_id }]);
    assertEquals(
      planFilter({ [field]: "none" }).columns,
      [{ field, value: "none" }],
    );
  }
  const [term] = planFilter({ source: OF.trace_id.toUpperCase() }).columns;
  assertEquals(term?.value, OF.trace_id.toUpperCase());
});

Deno.test("planFilter writes scalars as their JSON text", () => {
  const fields = ["n", "b", "z"];
  assertEquals(
    planFilter({ n: 1.5, b: false, z: -0 }, fields).ctx.map(({ value }) =>
      value
    ),
    ["1.5", "false", "0"],
  );
});

Deno.test("planFilter refuses values that cannot be compared, rather than match more", () => {
  const values = [undefined, {}, [], NaN, Infinity, 1n, () => 1, Symbol("s")];
  for (const value of values) {
    for (const field of ["source", "user"]) {
      const filter = { [field]: value } as unknown as EventFilter;
      assertThrows(() => planFilter(filter, ["user"]), TypeError, field);
    }
  }
});

Deno.test("planFilter refuses a filter that is no object", () => {
  for (const filter of [null, 1, "type", true]) {
    const call = () => planFilter(filter as unknown as EventFilter);
    assertThrows(call, TypeError, "filter");
  }
});

Deno.test("planFilter names the field that is not indexed, and those that are", () => {
  const { message } = assertCode(
    "unknown_filter",
    () => planFilter({ run: "1" }, ["user"]),
  );
  for (const name of ['"run"', "trace_id", "user", "ctxFields"]) {
    assert(message.includes(name), message);
  }
  for (const field of ["__proto__", "constructor", "toString"]) {
    const filter = JSON.parse(`{"${field}":"x"}`);
    assertCode("unknown_filter", () => planFilter(filter));
  }
});

Deno.test("checkCtxFields copies the names and refuses those that are none", () => {
  const fields = ["user", "run"];
  const checked = checkCtxFields(fields);
  fields.push("late");
  assertEquals(checked, ["user", "run"]);
  const many = Array.from({ length: CTX_FIELDS_MAX + 1 }, (_, n) => `f${n}`);
  assertEquals(checkCtxFields(many.slice(1)).length, CTX_FIELDS_MAX);
  for (
    const bad of [[""], ["a", "a"], ["type"], ["\ud800"], [1], many]
  ) {
    assertThrows(
      () => checkCtxFields(bad as string[]),
      RangeError,
      "ctxFields",
    );
  }
});

Deno.test("ctxText is the text that a scalar is indexed by", () => {
  assertEquals(ctxText("null"), "null");
  assertEquals(ctxText(null), null);
  assertEquals([ctxText(1), ctxText(1e21), ctxText(true)], [
    "1",
    "1e+21",
    "true",
  ]);
  for (const value of [undefined, {}, [], NaN, 1n]) {
    assertEquals(ctxText(value), undefined);
  }
});

Deno.test("ctxTerms finds the named fields of payload.ctx that are scalars", () => {
  const ctx = { a: "x", b: null, c: { d: 1 }, e: [1], f: 2 };
  const made = event({ payload: { ctx, g: "outside" } });
  assertEquals(
    ctxTerms(made, ["a", "b", "c", "e", "f", "g", "toString"]),
    [
      { field: "a", value: "x" },
      { field: "b", value: null },
      { field: "f", value: "2" },
    ],
  );
  assertEquals(ctxTerms(made, []), []);
});

Deno.test("ctxTerms finds nothing in a ctx that is no object", () => {
  for (const ctx of [null, "text", 1, [7]]) {
    const made = event({ payload: { ctx } });
    assertEquals(ctxTerms(made, ["length", "0"]), []);
  }
  assertEquals(ctxTerms(event(), ["user"]), []);
});

Deno.test("matchesFilter wants every comparison to hold", () => {
  const made = event({ payload: { ctx: { user: null, run: 7 } } });
  const matches = (filter: EventFilter) =>
    matchesFilter(made, planFilter(filter, ["user", "run", "none"]));
  assert(matches({}));
  assert(matches({ source: "loop", parent_id: null, user: null, run: 7 }));
  assert(matches({ run: "7" }));
  assert(!matches({ source: "loop", run: 8 }));
  assert(!matches({ source: "Loop" }));
  assert(!matches({ user: "null" }));
  assert(!matches({ none: null }));
  assert(!matches({ parent_id: "null" }));
});
