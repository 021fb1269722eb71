import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ChunkedScanner } from "../../../backends/egress/chunked_scanner.ts";
import { MalformedMessage } from "../../../backends/egress/malformed_message.ts";
import { bytesOf, tokens } from "./_http.ts";

/** Well-formed bodies with what chunks and trailers may have. */
const bodies = fc.tuple(
  fc.array(
    fc.tuple(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.constantFrom("", ";a", ';a="b c";d=e'),
      fc.boolean(),
    ).map(([data, extension, isUpper]) => {
      const hex = data.length.toString(16);
      const size = isUpper ? `0${hex.toUpperCase()}` : hex;
      return `${size}${extension}\r\n${String.fromCharCode(...data)}\r\n`;
    }),
    { maxLength: 5 },
  ),
  fc.array(tokens.map((name) => `x-${name}: y\r\n`), { maxLength: 3 }),
).map(([chunks, trailers]) =>
  bytesOf(`${chunks.join("")}0\r\n${trailers.join("")}\r\n`)
);

/** What a scanner makes of bytes that come in pieces that end there. */
function scan(bytes: Uint8Array, ends: readonly number[]): string {
  const scanner = new ChunkedScanner();
  let count = 0;
  let start = 0;
  try {
    for (const end of [...ends, bytes.length]) {
      const piece = bytes.subarray(start, end);
      const taken = scanner.push(piece);
      count += taken;
      if (scanner.isDone) return `done after ${count}`;
      assertEquals(taken, piece.length, "it goes on");
      start = end;
    }
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    return error.message;
  }
  return `goes on after ${count}`;
}

Deno.test("ChunkedScanner takes exactly the body at every split", () => {
  const rests = fc.uint8Array({ maxLength: 20 });
  fc.assert(fc.property(bodies, rests, (body, rest) => {
    const all = Uint8Array.from([...body, ...rest]);
    const whole = `done after ${body.length}`;
    for (let at = 0; at <= all.length; at++) {
      assertEquals(scan(all, [at]), whole);
    }
    assertEquals(scan(all, Array.from(all, (_, at) => at)), whole);
  }));
});

Deno.test("ChunkedScanner comes to the same result at every split of anything", () => {
  const spoilt = fc.tuple(bodies, fc.nat(), fc.nat({ max: 255 })).map(
    ([body, at, byte]) => {
      const copy = body.slice();
      copy[at % copy.length] = byte;
      return copy;
    },
  );
  const pieces = fc.array(
    fc.constantFrom("\r\n", "\r", "\n", "0", "1", "a", ";", "a: b", " "),
    { maxLength: 20 },
  ).map((parts) => bytesOf(parts.join("")));
  const any = fc.oneof(spoilt, pieces, fc.uint8Array({ maxLength: 60 }));
  fc.assert(fc.property(any, (bytes) => {
    const whole = scan(bytes, []);
    for (let at = 0; at <= bytes.length; at++) {
      assertEquals(scan(bytes, [at]), whole);
    }
    assertEquals(scan(bytes, Array.from(bytes, (_, at) => at)), whole);
    assert(/^[ -~]+$/.test(whole));
  }));
});
