import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { LineSplitter } from "../../../backends/sessions/line_splitter.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function split(chunks: Iterable<Uint8Array>, lineBytesMax: number) {
  const splitter = new LineSplitter(lineBytesMax);
  const lines: string[] = [];
  for (const chunk of chunks) {
    const found = splitter.push(chunk);
    lines.push(...found.lines.map((line) => decoder.decode(line)));
    if (found.isTooLong) return { lines, isTooLong: true };
  }
  return { lines, isTooLong: false };
}

function* cut(bytes: Uint8Array, sizes: readonly number[]) {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

Deno.test("LineSplitter finds the same lines however the bytes are cut", () => {
  const text = fc.array(fc.constantFrom("a", "é", "𝄞", "\n", "\r\n"));
  fc.assert(fc.property(
    text,
    fc.array(fc.nat({ max: 7 })),
    fc.integer({ min: 1, max: 9 }),
    (pieces, sizes, lineBytesMax) => {
      const bytes = encoder.encode(pieces.join(""));
      const all = pieces.join("").split("\n");
      const long = all.findIndex((line) =>
        encoder.encode(line).length > lineBytesMax
      );
      const expected = long === -1
        ? { lines: all.slice(0, -1), isTooLong: false }
        : { lines: all.slice(0, long), isTooLong: true };
      assertEquals(split(cut(bytes, sizes), lineBytesMax), expected);
    },
  ));
});

Deno.test("LineSplitter takes a line of the bound, and none of a byte more", () => {
  for (
    const chunks of [["abc", "d\n"], ["abcd\n"], ["a", "b", "c", "d", "\n"]]
  ) {
    const bytes = chunks.map((chunk) => encoder.encode(chunk));
    assertEquals(split(bytes, 4), { lines: ["abcd"], isTooLong: false });
    assertEquals(split(bytes, 3), { lines: [], isTooLong: true });
  }
});

Deno.test("LineSplitter does not wait for a newline to find a line too long", () => {
  assertEquals(split([encoder.encode("ok\nabcd")], 3).isTooLong, true);
});

Deno.test("LineSplitter holds a line apart from the chunks it came in", () => {
  const splitter = new LineSplitter(9);
  const chunk = encoder.encode("ab");
  splitter.push(chunk);
  chunk.fill(0);
  const [line] = splitter.push(encoder.encode("c\n")).lines;
  assertEquals(decoder.decode(line), "abc");
});
