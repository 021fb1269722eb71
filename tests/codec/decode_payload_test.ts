import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  AesGcmCodec,
  CodecError,
  decodePayload,
  encodePayload,
  IdentityCodec,
  ManagedAesGcmCodec,
  type PayloadCodec,
  rowAad,
} from "../../codec/mod.ts";
import { AAD, newKey, rejectsWith, ROW } from "./_helpers.ts";

function readerOf(
  version: number,
  decodeBody: () => string | Promise<string>,
): PayloadCodec {
  return { version, encodeBody: () => new Uint8Array(), decodeBody };
}

function managed(id: string): ManagedAesGcmCodec {
  const key = newKey();
  return new ManagedAesGcmCodec({
    currentKeyId: id,
    key: (asked) => {
      if (asked !== id) throw new CodecError("unknown_key", "none");
      return key;
    },
  });
}

Deno.test("lesson 6: decodePayload reads a log that went from version 0 to 1 to 2 and back", async () => {
  const identity = new IdentityCodec();
  const aes = new AesGcmCodec(newKey());
  const rotating = managed("k1");
  const writers = [identity, aes, rotating, identity, aes];
  const rows = await Promise.all(writers.map(async (writer, index) => {
    const aad = rowAad({ ...ROW, source: `row ${index}` });
    return { aad, blob: await encodePayload(writer, `text ${index}`, aad) };
  }));
  for (const readers of [[aes, rotating], [rotating, identity, aes]]) {
    const texts = await Promise.all(
      rows.map(({ blob, aad }) => decodePayload(blob, aad, readers)),
    );
    assertEquals(texts, writers.map((_, index) => `text ${index}`));
  }
});

Deno.test("lesson 6: decodePayload reads version 0 without being given a codec for it", async () => {
  const blob = await encodePayload(new IdentityCodec(), "plain", AAD);
  assertEquals(await decodePayload(blob, AAD, []), "plain");
  assertEquals(
    await decodePayload(blob, AAD, [new AesGcmCodec(newKey())]),
    "plain",
  );
});

Deno.test("lesson 6: decodePayload reads rows of two keys while one replaces the other", async () => {
  const old = new AesGcmCodec(newKey());
  const young = new AesGcmCodec(newKey());
  const blobs = [
    await encodePayload(old, "old", AAD),
    await encodePayload(young, "young", AAD),
  ];
  for (const readers of [[old, young], [young, old]]) {
    assertEquals(await decodePayload(blobs[0]!, AAD, readers), "old");
    assertEquals(await decodePayload(blobs[1]!, AAD, readers), "young");
  }
});

Deno.test("decodePayload goes on to the next reader where one lacks the key", async () => {
  const one = managed("k1");
  const other = managed("k2");
  const blob = await encodePayload(other, "text", AAD);
  assertEquals(await decodePayload(blob, AAD, [one, other]), "text");
});

Deno.test("decodePayload says authentication_failed where no key of several fits", async () => {
  const blob = await encodePayload(new AesGcmCodec(newKey()), "text", AAD);
  const readers = [new AesGcmCodec(newKey()), new AesGcmCodec(newKey())];
  const error = await rejectsWith(
    "authentication_failed",
    () => decodePayload(blob, AAD, readers),
    "none of the 2 readers",
  );
  assertEquals(error.event_id, ROW.event_id);
  assertInstanceOf(error.cause, AggregateError);
  assertEquals(
    error.cause.errors.map(({ code }: CodecError) => code),
    ["authentication_failed", "authentication_failed"],
  );
});

Deno.test("decodePayload says unknown_key where none of several has the key", async () => {
  const blob = await encodePayload(managed("k3"), "text", AAD);
  const error = await rejectsWith(
    "unknown_key",
    () => decodePayload(blob, AAD, [managed("k1"), managed("k2")]),
  );
  assertEquals(error.keyId, "k3");
});

Deno.test("decodePayload says authentication_failed where one key did not fit and others were not there", async () => {
  const blob = await encodePayload(managed("k1"), "text", AAD);
  const error = await rejectsWith(
    "authentication_failed",
    () => decodePayload(blob, AAD, [managed("k2"), managed("k1")]),
    "unknown_key, authentication_failed",
  );
  assertEquals(error.keyId, "k1");
});

Deno.test("decodePayload ends at a failure that is not about keys", async () => {
  const broken = new Error("broken");
  const readers = [
    readerOf(9, () => Promise.reject(broken)),
    readerOf(9, () => "never"),
  ];
  const error = await assertRejects(
    () => decodePayload(Uint8Array.of(9), AAD, readers),
  );
  assert(error === broken);
});

Deno.test("decodePayload uses a given reader of version 0 in place of its own", async () => {
  const blob = Uint8Array.of(0, 0x61);
  assertEquals(await decodePayload(blob, AAD, [readerOf(0, () => "b")]), "b");
  const failing = readerOf(0, () => {
    throw new CodecError("authentication_failed", "no");
  });
  await rejectsWith(
    "authentication_failed",
    () => decodePayload(blob, AAD, [failing]),
  );
});

Deno.test("decodePayload takes readers from any iterable", async () => {
  function* readers() {
    yield readerOf(8, () => "eight");
    yield readerOf(9, () => "nine");
  }
  assertEquals(
    await decodePayload(Uint8Array.of(9), AAD, readers()),
    "nine",
  );
});

Deno.test("decodePayload names an unknown version and those at hand", async () => {
  const readers = [readerOf(9, () => ""), new AesGcmCodec(newKey())];
  const error = await rejectsWith(
    "unknown_version",
    () => decodePayload(Uint8Array.of(2, 1, 2, 3), AAD, readers),
    "it has version 2, and the readers at hand have 0, 1, 9",
  );
  assertEquals(error.event_id, ROW.event_id);
  assert(error.message.includes(ROW.event_id));
});

Deno.test("decodePayload says truncated for an empty blob", async () => {
  const error = await rejectsWith(
    "truncated",
    () => decodePayload(new Uint8Array(), AAD, []),
    "without even a version byte",
  );
  assertEquals(error.event_id, ROW.event_id);
});

Deno.test("decodePayload says so where the additional data names no event", async () => {
  const aad = new TextEncoder().encode("row 1");
  const error = await rejectsWith(
    "truncated",
    () => decodePayload(new Uint8Array(), aad, []),
    "additional data names no event",
  );
  assertEquals(error.event_id, undefined);
});

Deno.test("decodePayload shows an edited event_id without its control characters", async () => {
  const aad = rowAad({ ...ROW, event_id: "\x1b[2Jx\u202e" });
  const error = await rejectsWith(
    "truncated",
    () => decodePayload(new Uint8Array(), aad, []),
  );
  assertEquals(error.event_id, "\x1b[2Jx\u202e");
  assert(/^[\x20-\x7e]*$/.test(error.message), error.message);
});

Deno.test("decodePayload refuses what is no Uint8Array", async () => {
  const wrong = "blob" as unknown as Uint8Array;
  await assertRejects(
    () => decodePayload(wrong, AAD, []),
    TypeError,
    "the blob must be a Uint8Array, got string",
  );
  await assertRejects(
    () => decodePayload(Uint8Array.of(0), wrong, []),
    TypeError,
    "the additional data must be a Uint8Array, got string",
  );
});

Deno.test("decodePayload refuses a codec's answer that is no string", async () => {
  const reader = readerOf(9, () => 1 as unknown as string);
  await assertRejects(
    () => decodePayload(Uint8Array.of(9), AAD, [reader]),
    TypeError,
    "the codec of version 9 must return a string, got number",
  );
});

Deno.test("decodePayload reads Node buffers and memory shared between threads", async () => {
  const codecs = [
    new IdentityCodec(),
    new AesGcmCodec(newKey()),
    managed("k1"),
  ];
  for (const codec of codecs) {
    const blob = await encodePayload(codec, "é", AAD);
    const shared = new Uint8Array(new SharedArrayBuffer(blob.length));
    shared.set(blob);
    const sharedAad = new Uint8Array(new SharedArrayBuffer(AAD.length));
    sharedAad.set(AAD);
    assertEquals(await decodePayload(shared, sharedAad, [codec]), "é");
    assertEquals(await decodePayload(Buffer.from(blob), AAD, [codec]), "é");
    const again = await encodePayload(codec, "é", sharedAad);
    assertEquals(await decodePayload(again, AAD, [codec]), "é");
  }
});

Deno.test("decodePayload brings back any text of any row through any codec", async () => {
  const codecs = [
    new IdentityCodec(),
    new AesGcmCodec(newKey()),
    managed("k1"),
  ];
  const column = fc.string({ unit: "binary" }).filter((text) =>
    !text.includes("\x1f")
  );
  await fc.assert(fc.asyncProperty(
    fc.constantFrom(...codecs),
    fc.string({ unit: "binary", size: "large" }),
    fc.record({
      event_id: column,
      trace_id: column,
      task_id: column,
      type: column,
      source: column,
    }),
    async (codec, text, row) => {
      const aad = rowAad(row);
      const blob = await encodePayload(codec, text, aad);
      assertEquals(blob[0], codec.version);
      assert(await decodePayload(blob, aad, codecs) === text);
    },
  ));
});
