import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  MalformedMessage,
  quoted,
} from "../../../backends/egress/malformed_message.ts";
import { texts } from "./_http.ts";

Deno.test("MalformedMessage bears its name", () => {
  assertEquals(String(new MalformedMessage("x")), "MalformedMessage: x");
});

Deno.test("quoted shows text in printable ASCII", () => {
  const cases = {
    "": '""',
    "a b": '"a b"',
    'a"b\\': '"a\\"b\\\\"',
    "\0\t\r\n\x1b\x7f": '"\\x00\\x09\\x0d\\x0a\\x1b\\x7f"',
    "\x80\xad\xff": '"\\x80\\xad\\xff"',
    "\u2028": '"\\x2028"',
    ["a".repeat(80)]: `"${"a".repeat(80)}"`,
    ["a".repeat(81)]: `"${"a".repeat(80)}..."`,
  };
  for (const [text, shown] of Object.entries(cases)) {
    assertEquals(quoted(text), shown);
  }
});

Deno.test("quoted is short and printable, whatever is in it", () => {
  fc.assert(fc.property(texts, (text) => {
    // 80 characters as \xffff, and the dots.
    assertEquals(/^"[ -~]{0,483}"$/.test(quoted(text)), true);
  }));
});
