import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import {
  AesGcmCodec,
  decodePayload,
  encodePayload,
  rowAad,
} from "../../codec/mod.ts";
import {
  AAD,
  flip,
  newKey,
  rejectsWith,
  ROW,
  throwsWith,
  vector,
  VECTOR_NONCE,
  withEnv,
  withNonce,
} from "./_helpers.ts";

Deno.test("AesGcmCodec writes and reads the vector", async () => {
  const { key, plaintext, aad, blob } = vector(1);
  const codec = new AesGcmCodec(key);
  const written = await withNonce(
    VECTOR_NONCE,
    () => encodePayload(codec, plaintext, aad),
  );
  assertEquals(written, blob);
  assertEquals(await decodePayload(blob, aad, [codec]), plaintext);
});

Deno.test("AesGcmCodec finds the change of any one bit of a blob", async () => {
  const { key, aad, blob } = vector(1);
  const readers = [new AesGcmCodec(key)];
  for (let bit = 0; bit < blob.length * 8; bit++) {
    // The version byte alone is not authenticated: its changes lead to no
    // reader, or to text that this blob is not.
    const code = bit >= 8
      ? "authentication_failed"
      : bit === 0
      ? "truncated"
      : "unknown_version";
    const error = await rejectsWith(
      code,
      () => decodePayload(flip(blob, bit), aad, readers),
      "00000000-0000-4000-8000-000000000001",
    );
    assertEquals(error.event_id, "00000000-0000-4000-8000-000000000001");
  }
});

Deno.test("AesGcmCodec finds a blob cut at any length", async () => {
  const { key, aad, blob } = vector(1);
  const readers = [new AesGcmCodec(key)];
  for (let length = 0; length < blob.length; length++) {
    // Below version, nonce and tag nothing can be a blob; above, only the tag
    // tells.
    await rejectsWith(
      length < 1 + 12 + 16 ? "truncated" : "authentication_failed",
      () => decodePayload(blob.subarray(0, length), aad, readers),
    );
  }
});

Deno.test("AesGcmCodec finds a blob that was moved to another row", async () => {
  const codec = new AesGcmCodec(newKey());
  const blob = await encodePayload(codec, "text", AAD);
  const columns = ["event_id", "trace_id", "task_id", "type", "source"];
  for (const column of columns) {
    const aad = rowAad({ ...ROW, [column]: "other" });
    await rejectsWith(
      "authentication_failed",
      () => decodePayload(blob, aad, [codec]),
      column === "event_id" ? '"other"' : ROW.event_id,
    );
  }
});

Deno.test("AesGcmCodec says authentication_failed for another key, and keeps the cause", async () => {
  const blob = await encodePayload(new AesGcmCodec(newKey()), "text", AAD);
  const error = await rejectsWith(
    "authentication_failed",
    () => decodePayload(blob, AAD, [new AesGcmCodec(newKey())]),
    "does not authenticate under the given key",
  );
  assertEquals(error.keyId, undefined);
  assertInstanceOf(error.cause, DOMException);
});

Deno.test("AesGcmCodec does not take a failing runtime for a damaged row", async () => {
  const codec = new AesGcmCodec(newKey());
  const blob = await encodePayload(codec, "text", AAD);
  const failure = new DOMException("no memory", "QuotaExceededError");
  Object.defineProperty(crypto.subtle, "decrypt", {
    configurable: true,
    value: () => Promise.reject(failure),
  });
  try {
    const error = await assertRejects(() => decodePayload(blob, AAD, [codec]));
    assert(error === failure);
  } finally {
    Reflect.deleteProperty(crypto.subtle, "decrypt");
  }
  assertEquals(await decodePayload(blob, AAD, [codec]), "text");
});

Deno.test("AesGcmCodec says truncated for a decrypted text that is not UTF-8", async () => {
  const raw = new Uint8Array(newKey());
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, [
    "encrypt",
  ]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: new Uint8Array(AAD) },
    key,
    Uint8Array.of(0x61, 0xff),
  );
  const blob = Uint8Array.of(1, ...iv, ...new Uint8Array(sealed));
  await rejectsWith(
    "truncated",
    () => decodePayload(blob, AAD, [new AesGcmCodec(raw)]),
    "not whole UTF-8",
  );
});

Deno.test("AesGcmCodec draws a nonce for each blob", async () => {
  const codec = new AesGcmCodec(newKey());
  const nonces = new Set<string>();
  await Promise.all(Array.from({ length: 2000 }, async () => {
    const blob = await encodePayload(codec, "same", AAD);
    nonces.add(blob.subarray(1, 13).toHex());
  }));
  assertEquals(nonces.size, 2000);
});

Deno.test("AesGcmCodec keeps texts apart that are encoded at once", async () => {
  // Of all lengths around that of the buffer that texts are encoded in.
  const texts = Array.from(
    { length: 48 },
    (_, index) => `${index}é`.repeat(index * 600),
  );
  const codec = new AesGcmCodec(newKey());
  const blobs = await Promise.all(
    texts.map((text) => encodePayload(codec, text, AAD)),
  );
  const back = await Promise.all(
    blobs.map((blob) => decodePayload(blob, AAD, [codec])),
  );
  assert(back.every((text, index) => text === texts[index]));
});

Deno.test("AesGcmCodec copies the key, also out of a Node buffer", async () => {
  const bytes = newKey();
  const same = new AesGcmCodec(new Uint8Array(bytes));
  for (const given of [new Uint8Array(bytes), Buffer.from(bytes)]) {
    const codec = new AesGcmCodec(given);
    given.fill(0);
    const blob = await encodePayload(codec, "text", AAD);
    assertEquals(await decodePayload(blob, AAD, [same]), "text");
  }
});

Deno.test("AesGcmCodec shows its key neither when inspected nor in JSON", async () => {
  const key = new Uint8Array(32).fill(0xab);
  const codec = new AesGcmCodec(key);
  for (const moment of ["before its first use", "after it"]) {
    assertEquals(JSON.stringify(codec), '{"version":1}', moment);
    const shown = Deno.inspect(codec, { depth: 9, showHidden: true });
    assert(!/171|abab/i.test(shown), shown);
    assertEquals(Object.getOwnPropertyNames(codec), ["version"]);
    await encodePayload(codec, "text", AAD);
  }
});

Deno.test("AesGcmCodec wipes its copy of the key once WebCrypto holds it", async () => {
  const key = newKey();
  const codec = new AesGcmCodec(key);
  const handed: Uint8Array[] = [];
  const importKey = crypto.subtle.importKey;
  Object.defineProperty(crypto.subtle, "importKey", {
    configurable: true,
    value: (...args: Parameters<typeof importKey>) => {
      const [, bytes] = args as unknown as [string, Uint8Array];
      assertEquals(bytes, key);
      handed.push(bytes);
      return Reflect.apply(importKey, crypto.subtle, args);
    },
  });
  try {
    await Promise.all([
      encodePayload(codec, "text", AAD),
      encodePayload(codec, "text", AAD),
    ]);
  } finally {
    Reflect.deleteProperty(crypto.subtle, "importKey");
  }
  assertEquals(handed, [new Uint8Array(32)]);
});

for (const length of [0, 16, 24, 31, 33, 64]) {
  Deno.test(`AesGcmCodec refuses a key of ${length} bytes`, () => {
    throwsWith(
      "bad_key",
      () => new AesGcmCodec(new Uint8Array(length)),
      `must be a Uint8Array of 32 bytes, got ${length} bytes`,
    );
  });
}

Deno.test("AesGcmCodec refuses a key that is no Uint8Array", () => {
  for (const key of ["00".repeat(32), new ArrayBuffer(32), undefined, null]) {
    assertThrows(
      () => new AesGcmCodec(key as unknown as Uint8Array),
      TypeError,
      "the key must be a Uint8Array",
    );
  }
});

Deno.test("AesGcmCodec refuses to work without additional data", async () => {
  const codec = new AesGcmCodec(newKey());
  const body = await codec.encodeBody("text", AAD);
  const none = new Uint8Array();
  await assertRejects(
    () => codec.encodeBody("text", none),
    TypeError,
    "rowAad",
  );
  await assertRejects(() => codec.decodeBody(body, none), TypeError, "rowAad");
});

Deno.test("AesGcmCodec reads the key from ZU_EVENT_KEY or the variable that is named", async () => {
  const [one, other] = [newKey(), newKey()];
  const variables = {
    ZU_EVENT_KEY: one.toHex(),
    ZU_EVENT_KEY_TEST: other.toBase64(),
  };
  await withEnv(variables, async () => {
    for (
      const [codec, key] of [
        [AesGcmCodec.fromEnv(), one],
        [AesGcmCodec.fromEnv("ZU_EVENT_KEY_TEST"), other],
      ] as const
    ) {
      const blob = await encodePayload(codec, "text", AAD);
      assertNotEquals(blob[0], 0);
      assertEquals(
        await decodePayload(blob, AAD, [new AesGcmCodec(key)]),
        "text",
      );
    }
  });
});

Deno.test("lesson 16: AesGcmCodec.fromEnv fails at once without a key, and names the variable", async () => {
  await withEnv({ ZU_EVENT_KEY_EMPTY: "" }, () => {
    throwsWith(
      "bad_key",
      () => AesGcmCodec.fromEnv(),
      '"ZU_EVENT_KEY" is not set',
    );
    throwsWith(
      "bad_key",
      () => AesGcmCodec.fromEnv("ZU_EVENT_KEY_EMPTY"),
      '"ZU_EVENT_KEY_EMPTY" is empty',
    );
  });
});

Deno.test("lesson 16: AesGcmCodec.fromEnv names the variable of a malformed key and hides its value", async () => {
  await withEnv({ ZU_EVENT_KEY_TEST: "5ecre7".repeat(9) }, () => {
    const error = throwsWith(
      "bad_key",
      () => AesGcmCodec.fromEnv("ZU_EVENT_KEY_TEST"),
      '"ZU_EVENT_KEY_TEST" must hold 64 hex digits or the padded base64 of 32 ' +
        "bytes, and holds 54 characters",
    );
    assert(!error.message.includes("5ecre7"));
  });
});

Deno.test({
  name: "AesGcmCodec.fromEnv needs no permission beside its own variable",
  permissions: { env: ["ZU_EVENT_KEY_NARROW"] },
  fn: () => {
    Deno.env.set("ZU_EVENT_KEY_NARROW", newKey().toHex());
    try {
      assertEquals(AesGcmCodec.fromEnv("ZU_EVENT_KEY_NARROW").version, 1);
    } finally {
      Deno.env.delete("ZU_EVENT_KEY_NARROW");
    }
  },
});

Deno.test({
  name: "AesGcmCodec.fromEnv says which permission is missing",
  permissions: { env: false },
  fn: () => {
    const error = throwsWith(
      "bad_key",
      () => AesGcmCodec.fromEnv(),
      'Cannot read the environment variable "ZU_EVENT_KEY": permission is not ' +
        "granted",
    );
    assertInstanceOf(error.cause, Deno.errors.NotCapable);
  },
});
