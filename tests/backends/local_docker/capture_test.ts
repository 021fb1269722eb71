import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Capture } from "../../../backends/local_docker/capture.ts";

Deno.test("Capture keeps the head and the tail, wherever the pieces are cut", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 30 });
  fc.assert(fc.property(pieces, fc.nat({ max: 200 }), (pieces, max) => {
    const capture = new Capture(max);
    for (const piece of pieces) capture.push(piece);
    const all = pieces.flatMap((piece) => [...piece]);
    const head = Math.ceil(max / 2);
    const tail = max - head;
    const kept = all.length <= max
      ? all
      : [...all.slice(0, head), ...(tail === 0 ? [] : all.slice(-tail))];
    assertEquals([...capture.bytes()], kept);
    assertEquals(capture.dropped, all.length - kept.length);
  }));
});

Deno.test("Capture keeps copies", () => {
  const capture = new Capture(4);
  const piece = new Uint8Array([1, 2]);
  capture.push(piece);
  piece[0] = 9;
  assertEquals([...capture.bytes()], [1, 2]);
});

Deno.test("lesson 22: Capture's memory is bounded, also by many small pieces", () => {
  const capture = new Capture(1_000_000);
  const before = Deno.memoryUsage().external + Deno.memoryUsage().heapUsed;
  const piece = new Uint8Array(1);
  for (let i = 0; i < 3_000_000; i++) capture.push(piece);
  const after = Deno.memoryUsage().external + Deno.memoryUsage().heapUsed;
  assertEquals(capture.dropped, 2_000_000);
  // A view for each piece would take more than a hundred million bytes.
  assert(after - before < 40_000_000, `${after - before} bytes more`);
});
