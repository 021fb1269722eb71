import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { HeadTooLong, readHead } from "../../../backends/egress/read_head.ts";
import { Wire } from "../../../backends/egress/wire.ts";
import { bytesOf, textOf } from "./_http.ts";

/** A connection that brings these pieces, and then its end. */
function bringing(pieces: readonly Uint8Array[]): Deno.Conn {
  const left = pieces.filter(({ length }) => length > 0);
  return {
    read: (into: Uint8Array) => {
      const piece = left.shift();
      if (piece === undefined) return Promise.resolve(null);
      const taken = piece.subarray(0, into.length);
      into.set(taken);
      if (taken.length < piece.length) {
        left.unshift(piece.subarray(into.length));
      }
      return Promise.resolve(taken.length);
    },
    close: () => {},
  } as Partial<Deno.Conn> as Deno.Conn;
}

const pieces = fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 20 });

Deno.test("Wire gives all bytes once and in order, however they are taken", async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 9000 }), { maxLength: 30 });
  await fc.assert(fc.asyncProperty(pieces, sizes, async (parts, steps) => {
    const wire = new Wire(bringing(parts));
    const all: number[] = [];
    for (const step of steps) {
      if (step % 3 === 0) await wire.more();
      else if (step % 3 === 1) all.push(...wire.take(step));
      else {
        const into = new Uint8Array(step);
        all.push(...into.subarray(0, await wire.read(into) ?? 0));
      }
    }
    while (await wire.more());
    all.push(...wire.take(wire.buffered.length));
    assertEquals(all, parts.flatMap((part) => [...part]));
    assertEquals(await wire.read(new Uint8Array(1)), null);
  }));
});

Deno.test("readHead finds a head in any pieces, and leaves what follows it", async () => {
  const head = bytesOf("GET / HTTP/1.1\r\nA: \r\r\nB: \n\r\n\r\n");
  const behind = bytesOf("body\r\n\r\n");
  const all = Uint8Array.from([...head, ...behind]);
  for (let size = 1; size <= all.length; size++) {
    const parts = Array.from(
      { length: Math.ceil(all.length / size) },
      (_, i) => all.subarray(i * size, (i + 1) * size),
    );
    const wire = new Wire(bringing(parts));
    const read = await readHead(wire, head.length);
    assertEquals(textOf(read!), textOf(head));
    while (await wire.more());
    assertEquals(textOf(wire.buffered), textOf(behind));
    // A byte less would be too few.
    const short = readHead(new Wire(bringing(parts)), head.length - 1);
    await assertRejects(() => short, HeadTooLong);
  }
});

Deno.test("readHead gives nothing for what ends before its head, and leaves it", async () => {
  const wire = new Wire(bringing([bytesOf("GET / HT")]));
  assertEquals(await readHead(wire, 100), undefined);
  assertEquals(textOf(wire.buffered), "GET / HT");
});
