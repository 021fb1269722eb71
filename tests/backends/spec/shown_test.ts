import { assertEquals } from "@std/assert";
import { shown, shownList } from "../../../backends/spec/shown.ts";

Deno.test("shown keeps a value on one short line, and looks into no object", () => {
  const cases: [unknown, string][] = [
    ["a", '"a"'],
    ['a"\n', '"a\\"\\n"'],
    ["\x1b\x7f\u2028\u202e", '"\\u001b\\u{7f}\\u{2028}\\u{202e}"'],
    ["x".repeat(81), `"${"x".repeat(80)}…"`],
    [0, "0"],
    [-0.5, "-0.5"],
    [NaN, "NaN"],
    [1n, "1"],
    [true, "true"],
    [null, "null"],
    [undefined, "undefined"],
    [Symbol("a"), "Symbol(a)"],
    [["secret"], "an array"],
    [() => 1, "a function"],
    [{ toString: () => "evil" }, "an object"],
  ];
  for (const [value, text] of cases) assertEquals(shown(value), text);
});

Deno.test("shownList ends a long list", () => {
  assertEquals(shownList([]), "nothing");
  assertEquals(shownList(["a", "b"]), "a, b");
  const list = Array.from({ length: 14 }, (_, i) => String(i));
  assertEquals(
    shownList(list),
    "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more",
  );
});
