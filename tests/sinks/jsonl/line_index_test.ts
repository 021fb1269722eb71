import { assert, assertEquals } from "@std/assert";
import { LineIndex } from "../../../sinks/jsonl/_line_index.ts";

Deno.test("LineIndex finds the last remembered line before another", () => {
  const index = new LineIndex();
  assertEquals(index.before(5), { lines: 0, offset: 0 });
  for (let line = 1; line <= 1000; line++) index.note(line, line * 1000);
  for (let line = 0; line <= 1000; line++) {
    const { lines, offset } = index.before(line);
    assert(lines <= line);
    assertEquals(offset, lines * 1000);
    assert(line - lines <= 66, `${line} is far from ${lines}`);
  }
});

Deno.test("lesson 14: LineIndex stays small, however long the file grows", () => {
  const index = new LineIndex();
  const large = 2 ** 20;
  for (let line = 1; line <= 100_000; line++) index.note(line, line * large);
  assert(index.size <= 4096);
  const { lines, offset } = index.before(99_999);
  assertEquals(offset, lines * large);
  assert(99_999 - lines < 100);
});
