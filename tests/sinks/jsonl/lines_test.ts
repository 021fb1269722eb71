import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { SinkError } from "../../../sinks/mod.ts";
import { nthLine, readLine, splitLines } from "../../../sinks/jsonl/_lines.ts";

const encoder = new TextEncoder();

async function* pieces(bytes: Uint8Array<ArrayBuffer>, size: number) {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}

async function split(text: string, size: number, lineBytesMax?: number) {
  const lines: (string | undefined)[] = [];
  const ends: number[] = [];
  let torn = false;
  const chunks = pieces(encoder.encode(text), size);
  for await (const batch of splitLines(chunks, lineBytesMax)) {
    assert(!torn, "nothing comes behind a torn line");
    for (const line of batch.lines) {
      lines.push(line && new TextDecoder().decode(line));
    }
    ends.push(...batch.ends);
    torn = batch.torn;
  }
  return { lines, ends, torn };
}

Deno.test("splitLines finds the same lines however the bytes come", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom("a", "\n", "ü", "🙂"), maxLength: 40 }),
      fc.integer({ min: 1, max: 50 }),
      async (text, size) => {
        const { lines, ends, torn } = await split(text, size);
        const expected = text.split("\n");
        if (expected.at(-1) === "") expected.pop();
        assertEquals(lines, expected);
        assertEquals(torn, text !== "" && !text.endsWith("\n"));
        const bytes = encoder.encode(text);
        assertEquals(ends.at(-1) ?? 0, bytes.length);
        for (const end of torn ? ends.slice(0, -1) : ends) {
          assertEquals(bytes[end - 1], 10);
        }
      },
    ),
  );
});

Deno.test("splitLines counts a line that is too long, and does not hold it", async () => {
  for (const size of [1, 3, 100]) {
    const { lines, ends } = await split("ab\nabcdef\nabcd\nx", size, 4);
    assertEquals(lines, ["ab", undefined, "abcd", "x"]);
    assertEquals(ends, [3, 10, 15, 16]);
  }
});

Deno.test("nthLine finds a line by its place, and undefined behind the last", async () => {
  const bytes = encoder.encode("a\nb\nc\n");
  for (const size of [1, 2, 100]) {
    const found: (string | undefined)[] = [];
    for (let skip = 0; skip < 4; skip++) {
      const line = await nthLine(pieces(bytes, size), skip);
      found.push(line && new TextDecoder().decode(line));
    }
    assertEquals(found, ["a", "b", "c", undefined]);
  }
});

Deno.test("readLine names seq and file of what it cannot read", () => {
  const cases: [Uint8Array | undefined, string][] = [
    [undefined, "longer than"],
    [Uint8Array.of(0xc3), "not UTF-8"],
    [encoder.encode("{}"), "no event"],
    [encoder.encode("\ufeff{}"), "no event"],
  ];
  for (const [line, includes] of cases) {
    const error = assertThrows(
      () => readLine(line, 17, "/logs/run.jsonl"),
      SinkError,
      includes,
    );
    assertEquals([error.code, error.seq], ["corrupt_line", 17]);
    assert(error.message.includes("seq 17 of /logs/run.jsonl"));
  }
});
