import { assertEquals } from "@std/assert";
import { quote } from "../../codec/_quote.ts";

Deno.test("quote keeps text that can be shown", () => {
  assertEquals(quote("clé 漢 😀"), '"clé 漢 😀"');
});

Deno.test("quote escapes what a terminal or a log would act upon", () => {
  assertEquals(quote('a"\n\x1b[31m'), '"a\\"\\n\\u001b[31m"');
  assertEquals(
    quote("\x7f\x9b\u202e\u2028\ufeff"),
    '"\\u{7f}\\u{9b}\\u{202e}\\u{2028}\\u{feff}"',
  );
});

Deno.test("quote escapes a lone surrogate", () => {
  assertEquals(quote("a\ud800"), '"a\\ud800"');
});

Deno.test("quote cuts long text", () => {
  assertEquals(quote("x".repeat(1000)), `"${"x".repeat(80)}…"`);
});
