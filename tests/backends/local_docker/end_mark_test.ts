import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { EndMark } from "../../../backends/local_docker/end_mark.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** What passes, and what stands behind the mark, cut at the given places. */
function find(text: string, cuts: readonly number[]) {
  let passed = "";
  const decoder = new TextDecoder();
  const mark = new EndMark("MARK", (bytes) => {
    passed += decoder.decode(bytes, { stream: true });
  });
  const bytes = encode(text);
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  let behind: string | undefined;
  for (let i = 1; i < places.length && behind === undefined; i++) {
    behind = mark.push(bytes.subarray(places[i - 1], places[i]));
  }
  if (behind === undefined) mark.flush();
  return { passed, behind };
}

Deno.test("EndMark finds the mark at every split, and passes on all before it", () => {
  const outputs = fc.string({
    unit: fc.constantFrom("\n", "M", "MAR", "MARK ", "K", "é", "x"),
    maxLength: 12,
  }).filter((text) => !`${text}\n`.includes("\nMARK"));
  const cuts = fc.array(fc.nat({ max: 60 }));
  fc.assert(fc.property(outputs, cuts, (output, cuts) => {
    const text = `${output}\nMARK 137\n`;
    const length = encode(text).length;
    const expected = { passed: output, behind: " 137" };
    assertEquals(find(text, cuts.map((cut) => cut % length)), expected);
    assertEquals(find(text, Array.from({ length }, (_, i) => i)), expected);
  }));
});

Deno.test("EndMark passes on what only began like the mark", () => {
  for (const text of ["", "\n", "a\nMAR", "\nMARX\n", "MARK 1\n"]) {
    assertEquals(find(text, []), { passed: text, behind: undefined });
  }
});
