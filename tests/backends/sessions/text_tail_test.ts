import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { TextTail } from "../../../backends/sessions/text_tail.ts";

Deno.test("TextTail keeps the last bytes, however they come", () => {
  fc.assert(fc.property(
    fc.array(fc.string({ unit: fc.constantFrom(..."abcdef"), maxLength: 9 })),
    fc.integer({ min: 1, max: 8 }),
    (chunks, max) => {
      const tail = new TextTail(max);
      for (const chunk of chunks) tail.push(new TextEncoder().encode(chunk));
      assertEquals(tail.text, chunks.join("").slice(-max));
    },
  ));
});

Deno.test("TextTail is trimmed, and shows what is no text", () => {
  const tail = new TextTail(8);
  tail.push(new Uint8Array([0xff, 10]));
  assertEquals(tail.text, "\ufffd");
});
