import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BackendError } from "../../../backends/mod.ts";
import { FrameDecoder } from "../../../backends/local_docker/frames.ts";

function frame(stream: number, bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(8 + bytes.length);
  whole[0] = stream;
  new DataView(whole.buffer).setUint32(4, bytes.length);
  whole.set(bytes, 8);
  return whole;
}

/** What comes out on each stream, cut at the given places. */
function decode(wire: Uint8Array, cuts: readonly number[]) {
  const decoder = new FrameDecoder();
  const out: Record<string, number[]> = { stdout: [], stderr: [] };
  const places = [0, ...[...cuts].sort((a, b) => a - b), wire.length];
  for (let i = 1; i < places.length; i++) {
    const piece = wire.subarray(places[i - 1], places[i]);
    for (const { name, bytes } of decoder.push(piece)) {
      out[name]!.push(...bytes);
    }
  }
  return { ...out, isWhole: decoder.isWhole };
}

Deno.test("FrameDecoder gives the same bytes at every split", () => {
  const frames = fc.array(
    fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 20 })),
    { maxLength: 6 },
  );
  fc.assert(fc.property(frames, fc.array(fc.nat()), (frames, seeds) => {
    const wire = Uint8Array.from(
      frames.flatMap(([stream, bytes]) => [...frame(stream, bytes)]),
    );
    const of = (wanted: number) =>
      frames.filter(([stream]) => stream === wanted)
        .flatMap(([, bytes]) => [...bytes]);
    const expected = { stdout: of(1), stderr: of(2), isWhole: true };
    const cuts = seeds.map((seed) => seed % (wire.length + 1));
    assertEquals(decode(wire, cuts), expected);
    const everywhere = Array.from(wire, (_, i) => i);
    assertEquals(decode(wire, everywhere), expected);
  }));
});

Deno.test("FrameDecoder tells that a stream ended within a frame", () => {
  const wire = frame(1, new Uint8Array(3));
  for (let end = 1; end < wire.length; end++) {
    assertEquals(decode(wire.subarray(0, end), []).isWhole, false, `${end}`);
  }
});

Deno.test("FrameDecoder passes on the bytes of a frame that has not ended", () => {
  const decoder = new FrameDecoder();
  const wire = frame(1, new Uint8Array(4_000_000));
  const [first] = [...decoder.push(wire.subarray(0, 1000))];
  assertEquals(first!.bytes.length, 992);
});

Deno.test("FrameDecoder refuses what is no header", () => {
  for (const header of [[3, 0, 0, 0], [1, 1, 0, 0], [72, 84, 84, 80]]) {
    const decoder = new FrameDecoder();
    const wire = new Uint8Array([...header, 0, 0, 0, 1, 65]);
    const error = assertThrows(() => [...decoder.push(wire)], BackendError);
    assertEquals(error.code, "engine_failed");
  }
});
