import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeUtf8 } from "../../sinks/_utf8.ts";

const encoder = new TextEncoder();

Deno.test("decodeUtf8 reads U+FFFD and a byte order mark as the text that they are", () => {
  for (
    const text of ["\u{FFFD}", "a\u{FFFD}b", "\u{FEFF}c", "\u{1F600}", ""]
  ) {
    assertEquals(decodeUtf8(encoder.encode(text)), text);
  }
});

Deno.test("decodeUtf8 refuses just what a strict decoder refuses", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc.string({ unit: "binary" }).map((text) => encoder.encode(text)),
    fc.constantFrom(
      Uint8Array.of(0xef, 0xbf, 0xbd),
      Uint8Array.of(0xed, 0xa0, 0x80),
      Uint8Array.of(0xc0, 0x80),
      Uint8Array.of(0xf4, 0x90, 0x80, 0x80),
    ),
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
    const bytes = Uint8Array.from(pieces.flatMap((part) => [...part]));
    let expected: string;
    try {
      expected = strict.decode(bytes);
    } catch {
      assertThrows(() => decodeUtf8(bytes), TypeError);
      return;
    }
    assertEquals(decodeUtf8(bytes), expected);
  }));
});
