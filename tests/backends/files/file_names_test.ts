import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeName, encodeName } from "../../../backends/files/file_names.ts";

Deno.test("decodeName and encodeName bring any bytes back", () => {
  const anyBytes = fc.uint8Array({ maxLength: 40 });
  const nearUtf8 = fc.array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 3 })
        .map((text) => new TextEncoder().encode(text)),
      fc.constantFrom(
        [0xc0, 0x80],
        [0xe2, 0x82],
        [0xed, 0xa0, 0x80],
        [0xed, 0xb2, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0xf8, 0x88],
        [0x80],
        [0xff],
      ).map((bytes) => Uint8Array.from(bytes)),
    ),
    { maxLength: 6 },
  ).map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));
  fc.assert(fc.property(fc.oneof(anyBytes, nearUtf8), (bytes) => {
    assertEquals(encodeName(decodeName(bytes)), Uint8Array.from(bytes));
  }));
});

Deno.test("decodeName leaves text as it is, marks at its beginning included", () => {
  for (
    const text of ["", "a", "é", "日本", "🙂", "\ufeff..", "\ufffd", "a\nb"]
  ) {
    assertEquals(decodeName(new TextEncoder().encode(text)), text);
  }
});

Deno.test("decodeName makes a lone surrogate of each byte that is not UTF-8", () => {
  assertEquals(decodeName(Uint8Array.of(99, 0xe9)), "c\udce9");
  assertEquals(decodeName(Uint8Array.of(0xe2, 0x82, 97)), "\udce2\udc82a");
  assertEquals(decodeName(Uint8Array.of(0xc3, 0xa9, 0xc3)), "é\udcc3");
});

Deno.test("encodeName knows no bytes for other lone surrogates", () => {
  for (const text of ["\ud800", "\udc00", "\udc7f", "a\udd00", "\udfff"]) {
    assertEquals(encodeName(text), undefined);
  }
});
