import { assertEquals, assertStrictEquals } from "@std/assert";
import { LargeBuffers } from "../../../backends/egress/large_buffers.ts";

Deno.test("LargeBuffers gives no more than there may be, and those again that came back", () => {
  const buffers = new LargeBuffers({ max: 2, bytes: 10 });
  const [first, second] = [buffers.take()!, buffers.take()!];
  assertEquals([first.length, second.length], [10, 10]);
  assertEquals(buffers.take(), undefined);
  buffers.give(second);
  assertStrictEquals(buffers.take(), second);
  assertEquals(buffers.take(), undefined);
});

Deno.test("LargeBuffers makes none before it is needed", () => {
  const buffers = new LargeBuffers({ max: 2, bytes: 10 });
  const first = buffers.take()!;
  buffers.give(first);
  assertStrictEquals(buffers.take(), first);
});
