import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  decodePayload,
  encodePayload,
  IdentityCodec,
} from "../../codec/mod.ts";
import { AAD, rejectsWith, ROW, vector } from "./_helpers.ts";

const codec = new IdentityCodec();

Deno.test("IdentityCodec writes and reads the vector", async () => {
  const { plaintext, aad, blob } = vector(0);
  assertEquals(await encodePayload(codec, plaintext, aad), blob);
  assertEquals(await decodePayload(blob, aad, [codec]), plaintext);
});

Deno.test("IdentityCodec needs no additional data", () => {
  assertEquals(codec.decodeBody(codec.encodeBody("é")), "é");
});

Deno.test("IdentityCodec brings back any well-formed text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assertEquals(codec.decodeBody(codec.encodeBody(text)), text);
  }));
});

Deno.test("IdentityCodec refuses a lone surrogate", () => {
  assertThrows(() => codec.encodeBody("\udc00"), TypeError, "lone surrogate");
});

const NOT_UTF8: ReadonlyArray<readonly [what: string, bytes: number[]]> = [
  ["a cut character", [0x7b, 0xc3]],
  ["an overlong form", [0xc0, 0xaf]],
  ["a surrogate", [0xed, 0xa0, 0x80]],
  ["a byte of no character", [0xff]],
];
for (const [what, bytes] of NOT_UTF8) {
  Deno.test(`IdentityCodec says truncated for ${what}, and names the row`, async () => {
    const blob = Uint8Array.of(0, ...bytes);
    const error = await rejectsWith(
      "truncated",
      () => decodePayload(blob, AAD, []),
      ROW.event_id,
    );
    assertEquals(error.event_id, ROW.event_id);
    assertInstanceOf(error.cause, TypeError);
  });
}
