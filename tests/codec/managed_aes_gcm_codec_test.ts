import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  AesGcmCodec,
  CodecError,
  decodePayload,
  encodePayload,
  ManagedAesGcmCodec,
  rowAad,
} from "../../codec/mod.ts";
import {
  AAD,
  flip,
  Keys,
  keysOf,
  newKey,
  rejectsWith,
  ROW,
  throwsWith,
  vector,
  VECTOR_NONCE,
  withEnv,
  withNonce,
} from "./_helpers.ts";

function vectorCodec(): ManagedAesGcmCodec {
  const { key, kid } = vector(2);
  return new ManagedAesGcmCodec({
    currentKeyId: kid ?? "",
    key: (id) => {
      if (id !== kid) throw new CodecError("unknown_key", `no ${id}`);
      return key;
    },
  });
}

Deno.test("ManagedAesGcmCodec writes and reads the vector", async () => {
  const { plaintext, aad, blob } = vector(2);
  const codec = vectorCodec();
  const written = await withNonce(
    VECTOR_NONCE,
    () => encodePayload(codec, plaintext, aad),
  );
  assertEquals(written, blob);
  assertEquals(await decodePayload(blob, aad, [codec]), plaintext);
});

Deno.test("ManagedAesGcmCodec finds the change of any one bit of a blob", async () => {
  const { aad, blob } = vector(2);
  const codec = vectorCodec();
  const codes = new Set<string>();
  for (let bit = 8; bit < blob.length * 8; bit++) {
    const error = await assertRejects(
      () => decodePayload(flip(blob, bit), aad, [codec]),
      CodecError,
      "00000000-0000-4000-8000-000000000001",
    );
    codes.add(error.code);
    // The length and the key id lead to another key or to none; all that
    // follows is for the tag to tell.
    if (bit >= 8 * 4) assertEquals(error.code, "authentication_failed");
  }
  assertEquals([...codes].sort(), [
    "authentication_failed",
    "truncated",
    "unknown_key",
  ]);
});

Deno.test("ManagedAesGcmCodec finds a blob cut at any length", async () => {
  const { aad, blob } = vector(2);
  const codec = vectorCodec();
  for (let length = 0; length < blob.length; length++) {
    await rejectsWith(
      length < 1 + 3 + 12 + 16 ? "truncated" : "authentication_failed",
      () => decodePayload(blob.subarray(0, length), aad, [codec]),
    );
  }
});

Deno.test("ManagedAesGcmCodec finds a blob that was moved to another row, and names row and key id", async () => {
  const codec = new ManagedAesGcmCodec(new Keys("k1"));
  const blob = await encodePayload(codec, "text", AAD);
  for (
    const column of ["event_id", "trace_id", "task_id", "type", "source"]
  ) {
    const row = { ...ROW, [column]: "other" };
    const error = await rejectsWith(
      "authentication_failed",
      () => decodePayload(blob, rowAad(row), [codec]),
      'does not authenticate under the key "k1"',
    );
    assertEquals(error.event_id, row.event_id);
    assert(error.message.includes(row.event_id));
    assertEquals(error.keyId, "k1");
    assertInstanceOf(error.cause, DOMException);
  }
});

Deno.test("ManagedAesGcmCodec finds a key id that was rewritten to another one that exists", async () => {
  const codec = new ManagedAesGcmCodec(new Keys("k1", "k2"));
  const blob = await encodePayload(codec, "text", AAD);
  blob[3] = "2".charCodeAt(0);
  const error = await rejectsWith(
    "authentication_failed",
    () => decodePayload(blob, AAD, [codec]),
    '"k2"',
  );
  assertEquals(error.keyId, "k2");
});

Deno.test("ManagedAesGcmCodec binds the key id even where two ids name one key", async () => {
  const key = newKey();
  const codec = new ManagedAesGcmCodec(keysOf(() => key));
  const blob = await encodePayload(codec, "text", AAD);
  blob[3] = "2".charCodeAt(0);
  await rejectsWith(
    "authentication_failed",
    () => decodePayload(blob, AAD, [codec]),
  );
});

Deno.test("ManagedAesGcmCodec says unknown_key for an id that the provider does not have", async () => {
  const blob = await encodePayload(
    new ManagedAesGcmCodec(new Keys("gone")),
    "text",
    AAD,
  );
  const codec = new ManagedAesGcmCodec(new Keys("k1"));
  const error = await rejectsWith(
    "unknown_key",
    () => decodePayload(blob, AAD, [codec]),
    ROW.event_id,
  );
  assertEquals(error.keyId, "gone");
  assertEquals(error.event_id, ROW.event_id);
  assertInstanceOf(error.cause, CodecError);
});

Deno.test("ManagedAesGcmCodec says unknown_key for an id that is not UTF-8, without asking for it", async () => {
  const keys = new Keys("k1");
  const codec = new ManagedAesGcmCodec(keys);
  const blob = await encodePayload(codec, "text", AAD);
  blob[2] = 0xff;
  keys.asked.length = 0;
  await rejectsWith(
    "unknown_key",
    () => decodePayload(blob, AAD, [codec]),
    '"ff31" in hex',
  );
  assertEquals(keys.asked, []);
});

Deno.test("ManagedAesGcmCodec says truncated for an empty key id", async () => {
  const codec = new ManagedAesGcmCodec(new Keys("k1"));
  const blob = new Uint8Array(100);
  blob[0] = 2;
  await rejectsWith("truncated", () => decodePayload(blob, AAD, [codec]));
});

for (
  const id of ["k", "clé 漢😀", "\ufeffk1", "é".repeat(127) + "x", "a=b\0"]
) {
  const bytes = new TextEncoder().encode(id);
  Deno.test(`ManagedAesGcmCodec takes a key id of ${bytes.length} bytes, ${JSON.stringify(id.slice(0, 8))}`, async () => {
    const keys = new Keys(id);
    const blob = await encodePayload(
      new ManagedAesGcmCodec(keys),
      "text",
      AAD,
    );
    assertEquals(blob[1], bytes.length);
    assertEquals(blob.slice(2, 2 + bytes.length), bytes);
    const codec = new ManagedAesGcmCodec(keys);
    assertEquals(await decodePayload(blob, AAD, [codec]), "text");
    assertEquals(new Set(keys.asked), new Set([id]));
  });
}

const BAD_IDS: ReadonlyArray<readonly [id: string, problem: string]> = [
  ["", "it is empty"],
  ["x".repeat(256), "it is 256 bytes long"],
  ["é".repeat(128), "it is 256 bytes long"],
  ["k\udc00", "it holds a lone surrogate"],
];
for (const [id, problem] of BAD_IDS) {
  Deno.test(`ManagedAesGcmCodec refuses a key id of ${id.length} characters because ${problem}`, async () => {
    const keys = new Keys("k1");
    const codec = new ManagedAesGcmCodec(keys);
    keys.currentKeyId = id;
    throwsWith("bad_key", () => new ManagedAesGcmCodec(keys), problem);
    await rejectsWith(
      "bad_key",
      () => encodePayload(codec, "text", AAD),
      problem,
    );
  });
}

Deno.test("ManagedAesGcmCodec refuses a key id that is no string", () => {
  for (const id of [null, 1, {}]) {
    assertThrows(
      () => new ManagedAesGcmCodec(keysOf(newKey, id)),
      TypeError,
      "it must be a string, got ",
    );
  }
});

Deno.test("lesson 6: ManagedAesGcmCodec reads old rows after the current key has changed, and after a restart", async () => {
  const keys = new Keys("k1", "k2", "k3");
  const codec = new ManagedAesGcmCodec(keys);
  const blobs: Uint8Array[] = [];
  for (const id of ["k1", "k2", "k3", "k1"]) {
    keys.currentKeyId = id;
    blobs.push(await encodePayload(codec, `under ${id}`, AAD));
  }
  keys.currentKeyId = "k3";
  for (const reader of [codec, new ManagedAesGcmCodec(keys)]) {
    const texts = await Promise.all(
      blobs.map((blob) => decodePayload(blob, AAD, [reader])),
    );
    assertEquals(texts, ["under k1", "under k2", "under k3", "under k1"]);
  }
});

Deno.test("ManagedAesGcmCodec does not take a body of version 1 with the same key", async () => {
  const { key } = vector(1);
  const blob = await encodePayload(new AesGcmCodec(key), "text", AAD);
  blob[0] = 2;
  await assertRejects(
    () => decodePayload(blob, AAD, [vectorCodec()]),
    CodecError,
  );
});

Deno.test("ManagedAesGcmCodec shows no key when inspected or in JSON", async () => {
  const key = new Uint8Array(32).fill(0xab);
  const codec = new ManagedAesGcmCodec(keysOf(() => key));
  for (const moment of ["before its first use", "after it"]) {
    assertEquals(JSON.stringify(codec), '{"version":2}', moment);
    const shown = Deno.inspect(codec, { depth: 9, showHidden: true });
    assert(!/171|abab/i.test(shown), shown);
    await encodePayload(codec, "text", AAD);
  }
});

Deno.test("ManagedAesGcmCodec refuses to work without additional data", async () => {
  const codec = new ManagedAesGcmCodec(new Keys("k1"));
  const body = await codec.encodeBody("text", AAD);
  const none = new Uint8Array();
  await assertRejects(
    () => codec.encodeBody("text", none),
    TypeError,
    "rowAad",
  );
  await assertRejects(() => codec.decodeBody(body, none), TypeError, "rowAad");
});

Deno.test("lesson 16: ManagedAesGcmCodec.fromEnv fails at once without a key, and names the variable", async () => {
  await withEnv({ ZU_EVENT_KEY_ID: "k1" }, () => {
    const error = throwsWith(
      "unknown_key",
      () => ManagedAesGcmCodec.fromEnv(),
      '"ZU_EVENT_KEY_k1" is not set',
    );
    assertEquals(error.keyId, "k1");
  });
  await withEnv({}, () => {
    throwsWith(
      "unknown_key",
      () => ManagedAesGcmCodec.fromEnv(),
      '"ZU_EVENT_KEY" is not set',
    );
  });
  await withEnv({ ZU_EVENT_KEY: "no key" }, () => {
    throwsWith(
      "bad_key",
      () => ManagedAesGcmCodec.fromEnv(),
      '"ZU_EVENT_KEY" must hold',
    );
  });
});

Deno.test("lesson 16: ManagedAesGcmCodec.fromEnv writes with an empty ZU_EVENT_KEY_ID", async () => {
  const variables = { ZU_EVENT_KEY_ID: "", ZU_EVENT_KEY: newKey().toHex() };
  await withEnv(variables, async () => {
    const codec = ManagedAesGcmCodec.fromEnv();
    const blob = await encodePayload(codec, "text", AAD);
    assertEquals(
      new TextDecoder().decode(blob.subarray(2, 9)),
      "default",
    );
    assertEquals(await decodePayload(blob, AAD, [codec]), "text");
  });
});

Deno.test("lesson 6: ManagedAesGcmCodec.fromEnv reads the rows of an older key after rotation", async () => {
  const [k1, k2] = [newKey().toHex(), newKey().toBase64()];
  let blob = new Uint8Array();
  await withEnv({ ZU_EVENT_KEY_ID: "k1", ZU_EVENT_KEY_k1: k1 }, async () => {
    blob = await encodePayload(ManagedAesGcmCodec.fromEnv(), "old", AAD);
  });
  const rotated = {
    ZU_EVENT_KEY_ID: "k2",
    ZU_EVENT_KEY_k1: k1,
    ZU_EVENT_KEY_k2: k2,
  };
  await withEnv(rotated, async () => {
    const codec = ManagedAesGcmCodec.fromEnv();
    assertEquals(await decodePayload(blob, AAD, [codec]), "old");
    assertEquals(
      (await encodePayload(codec, "new", AAD))[3],
      "2".charCodeAt(0),
    );
  });
});

Deno.test({
  name: "ManagedAesGcmCodec.fromEnv says which permission is missing",
  permissions: { env: ["ZU_EVENT_KEY_ID"] },
  fn: () => {
    const error = throwsWith(
      "unknown_key",
      () => ManagedAesGcmCodec.fromEnv(),
      "permission is not granted",
    );
    assertInstanceOf(error.cause, Deno.errors.NotCapable);
  },
});
