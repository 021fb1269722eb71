import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  AesGcmCodec,
  CodecError,
  encodePayload,
  IdentityCodec,
  type PayloadCodec,
} from "../../codec/mod.ts";
import { AAD, newKey } from "./_helpers.ts";

/** A codec whose version or body is whatever a test wants it to be. */
function codecOf(version: unknown, body: unknown): PayloadCodec {
  return {
    version,
    encodeBody: () => body,
    decodeBody: () => "",
  } as unknown as PayloadCodec;
}

for (const version of [-1, 256, 1.5, NaN, Infinity, "1", undefined]) {
  Deno.test(`encodePayload refuses the version ${version} (${typeof version})`, async () => {
    const codec = codecOf(version, new Uint8Array());
    await assertRejects(
      () => encodePayload(codec, "", AAD),
      TypeError,
      `version must be an integer from 0 to 255, got ${version}`,
    );
  });
}

Deno.test("encodePayload writes the versions at either end", async () => {
  for (const version of [0, 255]) {
    const blob = await encodePayload(codecOf(version, Uint8Array.of(7)), "");
    assertEquals(blob, Uint8Array.of(version, 7));
  }
});

for (const body of [undefined, null, "text", [1, 2], new ArrayBuffer(2)]) {
  const kind = Object.prototype.toString.call(body);
  Deno.test(`encodePayload refuses ${kind} as a body`, async () => {
    for (const codec of [codecOf(7, body), codecOf(7, Promise.resolve(body))]) {
      await assertRejects(
        () => encodePayload(codec, "", AAD),
        TypeError,
        "the body that the codec of version 7 returns must be a Uint8Array",
      );
    }
  });
}

Deno.test("encodePayload gives a blob of its own memory", async () => {
  const body = Buffer.from([1, 2, 3]);
  const blob = await encodePayload(codecOf(7, body), "");
  body.fill(0);
  assertEquals(blob, Uint8Array.of(7, 1, 2, 3));
  assertEquals(blob.buffer.byteLength, 4);
});

Deno.test("encodePayload refuses bad text before the codec sees it", async () => {
  let seen = 0;
  const codec: PayloadCodec = {
    version: 7,
    encodeBody: () => {
      seen += 1;
      return new Uint8Array();
    },
    decodeBody: () => "",
  };
  for (const text of ["\ud800", 1, undefined, new Uint8Array()]) {
    await assertRejects(
      () => encodePayload(codec, text as string, AAD),
      TypeError,
      "Cannot encode a payload: the plaintext",
    );
  }
  assertEquals(seen, 0);
});

Deno.test("encodePayload lets the additional data be left out only where the codec allows it", async () => {
  assertEquals(
    await encodePayload(new IdentityCodec(), "a"),
    Uint8Array.of(0, 0x61),
  );
  await assertRejects(
    () => encodePayload(new AesGcmCodec(newKey()), "a"),
    TypeError,
    "needs the row's additional data",
  );
});

Deno.test("encodePayload refuses additional data that is no Uint8Array", async () => {
  await assertRejects(
    () =>
      encodePayload(new IdentityCodec(), "a", "row" as unknown as Uint8Array),
    TypeError,
    "the additional data must be a Uint8Array, got string",
  );
});

Deno.test("encodePayload passes a codec's error on as it is", async () => {
  const cause = new Error("beneath");
  const thrown = new CodecError("bad_key", "Cannot", { cause });
  for (
    const encodeBody of [
      () => {
        throw thrown;
      },
      () => Promise.reject(thrown),
    ]
  ) {
    const codec = { version: 7, encodeBody, decodeBody: () => "" };
    const error = await assertRejects(() => encodePayload(codec, "", AAD));
    assert(error === thrown);
    assert(thrown.cause === cause);
  }
});
