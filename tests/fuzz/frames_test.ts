import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { BackendError } from "../../backends/mod.ts";
import { FrameDecoder } from "../../backends/local_docker/frames.ts";
import { reportRow, runsOf, Tally } from "./_form.ts";

/** What came of a stream, in a form that two readers can be compared by. */
interface Outcome {
  /** Each byte, and before it the stream that it is of. */
  readonly out: string;
  readonly end: "whole" | "cut" | "refused";
}

function outText(name: string, bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `${name[3]}${byte} `).join("");
}

/** The format as Docker's documentation has it, on a stream that is all there. */
function readAll(wire: Uint8Array): Outcome {
  let out = "";
  for (let at = 0;;) {
    if (at === wire.length) return { out, end: "whole" };
    if (at + 8 > wire.length) return { out, end: "cut" };
    const [stream, ...zeros] = wire.subarray(at, at + 4);
    if (stream! > 2 || zeros.some((byte) => byte !== 0)) {
      return { out, end: "refused" };
    }
    const [a, b, c, d] = wire.subarray(at + 4, at + 8);
    const end = at + 8 + (((a! * 256 + b!) * 256 + c!) * 256 + d!);
    const name = stream === 2 ? "stderr" : "stdout";
    out += outText(name, wire.subarray(at + 8, end));
    if (end > wire.length) return { out, end: "cut" };
    at = end;
  }
}

function decoded(wire: Uint8Array, cuts: readonly number[]): Outcome {
  const decoder = new FrameDecoder();
  let out = "";
  const places = [0, ...cuts, wire.length];
  for (let n = 1; n < places.length; n++) {
    try {
      for (
        const { name, bytes } of decoder.push(
          wire.slice(places[n - 1], places[n]),
        )
      ) {
        out += outText(name, bytes);
      }
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      assertEquals(error.code, "engine_failed");
      return { out, end: "refused" };
    }
  }
  return { out, end: decoder.isWhole ? "whole" : "cut" };
}

function frame(stream: number, body: Uint8Array): number[] {
  const { length } = body;
  return [stream, 0, 0, 0, length >> 24, length >> 16 & 255, length >> 8 & 255]
    .concat(length & 255, ...body);
}

const wires = fc.array(
  fc.tuple(
    fc.constantFrom(1, 2, 1, 2, 1, 2, 0, 3),
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      // A body that looks like a header.
      fc.constant(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 3)),
      fc.uint8Array({ minLength: 250, maxLength: 260 }),
    ),
  ),
  { maxLength: 4 },
).map((frames) =>
  Uint8Array.from(frames.flatMap(([stream, body]) => frame(stream, body)))
);

const changes = fc.array(
  fc.record({
    at: fc.nat({ max: 400 }),
    byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 2, 3, 8)),
    kind: fc.constantFrom("set", "drop", "insert", "cut"),
  }),
  { maxLength: 3 },
);

Deno.test("FrameDecoder gives at every split what the format says of the whole, changed frames included", () => {
  const tally = new Tally();
  const runs = runsOf("frames", 150, 6000);
  fc.assert(
    fc.property(wires, changes, (wire, changes) => {
      const bytes = [...wire];
      for (const { at, byte, kind } of changes) {
        const place = at % (bytes.length + 1);
        if (kind === "set" && place < bytes.length) bytes[place] = byte;
        if (kind === "drop") bytes.splice(place, 1);
        if (kind === "insert") bytes.splice(place, 0, byte);
        if (kind === "cut") bytes.length = place;
      }
      const whole = Uint8Array.from(bytes);
      const expected = readAll(whole);
      const everywhere = Array.from(whole, (_, at) => at);
      assertEquals(decoded(whole, []), expected);
      assertEquals(decoded(whole, everywhere), expected);
      const check = (...cuts: number[]) => {
        const { out, end } = decoded(whole, cuts);
        tally.add("splits");
        if (out === expected.out && end === expected.end) return;
        assertEquals({ out, end }, expected, `cut at ${cuts}`);
      };
      for (const cut of everywhere) {
        check(cut);
        if (whole.length > 40) continue;
        for (let other = cut; other <= whole.length; other++) check(cut, other);
      }
      tally.add(expected.end);
    }),
    runs,
  );
  reportRow("FrameDecoder", "the format, read whole", runs.numRuns, `${tally}`);
});
