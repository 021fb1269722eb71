import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  AesGcmCodec,
  decodePayload,
  encodePayload,
  KEY_BLOBS_MAX,
  KEY_BLOBS_WARN_AT,
  type KeyWarning,
  ManagedAesGcmCodec,
} from "../../codec/mod.ts";
import { AAD, newKey, rejectsWith, ROW } from "./_helpers.ts";

const silent = () => {};

function managed(
  key: Uint8Array,
  options?: ConstructorParameters<typeof ManagedAesGcmCodec>[1],
): ManagedAesGcmCodec {
  return new ManagedAesGcmCodec(
    { currentKeyId: "k1", key: () => key },
    options,
  );
}

async function withConsoleWarn(fn: () => Promise<void>): Promise<string[]> {
  const { warn } = console;
  const lines: string[] = [];
  console.warn = (line: string) => lines.push(line);
  try {
    await fn();
  } finally {
    console.warn = warn;
  }
  return lines;
}

Deno.test("KEY_BLOBS_MAX is the 2^32 of the format, and the warning comes at half of it", () => {
  assertEquals(KEY_BLOBS_MAX, 4_294_967_296);
  assertEquals(KEY_BLOBS_WARN_AT, KEY_BLOBS_MAX / 2);
});

Deno.test("AesGcmCodec encrypts the last blob of a key and refuses the next", async () => {
  const codec = new AesGcmCodec(newKey(), {
    encryptedBefore: KEY_BLOBS_MAX - 1,
    onKeyWarning: silent,
  });
  const last = await encodePayload(codec, "last", AAD);
  const error = await rejectsWith(
    "key_exhausted",
    () => encodePayload(codec, "next", AAD),
    "has encrypted 4294967296 blobs",
  );
  assertEquals(error.event_id, ROW.event_id);
  assertEquals(await decodePayload(last, AAD, [codec]), "last");
});

Deno.test("ManagedAesGcmCodec names the key that is exhausted, and goes on with another", async () => {
  const bytes: Record<string, Uint8Array> = { k1: newKey(), k2: newKey() };
  const keys = { currentKeyId: "k1", key: (id: string) => bytes[id]! };
  const codec = new ManagedAesGcmCodec(keys, {
    encryptedBefore: KEY_BLOBS_MAX,
  });
  const error = await rejectsWith(
    "key_exhausted",
    () => encodePayload(codec, "text", AAD),
    'the key "k1"',
  );
  assertEquals(error.keyId, "k1");
  keys.currentKeyId = "k2";
  const blob = await encodePayload(codec, "text", AAD);
  assertEquals(await decodePayload(blob, AAD, [codec]), "text");
});

Deno.test("AesGcmCodec lets exactly as many calls through as the key has left, however they are timed", async () => {
  const codec = new AesGcmCodec(newKey(), {
    encryptedBefore: KEY_BLOBS_MAX - 10,
    onKeyWarning: silent,
  });
  const results = await Promise.allSettled(
    Array.from({ length: 64 }, () => encodePayload(codec, "text", AAD)),
  );
  const done = results.filter(({ status }) => status === "fulfilled");
  assertEquals(done.length, 10);
});

Deno.test("AesGcmCodec and ManagedAesGcmCodec count one key together", async () => {
  const key = newKey();
  const one = new AesGcmCodec(key, {
    encryptedBefore: KEY_BLOBS_MAX - 2,
    onKeyWarning: silent,
  });
  const other = managed(key, { onKeyWarning: silent });
  await encodePayload(one, "text", AAD);
  await encodePayload(other, "text", AAD);
  for (const codec of [one, other, new AesGcmCodec(key)]) {
    await rejectsWith("key_exhausted", () => encodePayload(codec, "", AAD));
  }
});

Deno.test("AesGcmCodec does not count what it decrypts", async () => {
  const codec = new AesGcmCodec(newKey(), {
    encryptedBefore: KEY_BLOBS_MAX - 2,
    onKeyWarning: silent,
  });
  const blob = await encodePayload(codec, "text", AAD);
  for (let time = 0; time < 5; time++) {
    await decodePayload(blob, AAD, [codec]);
  }
  await encodePayload(codec, "text", AAD);
});

Deno.test("AesGcmCodec warns once, at the count that was asked for", async () => {
  const warnings: KeyWarning[] = [];
  const codec = new AesGcmCodec(newKey(), {
    warnAt: 3,
    onKeyWarning: (warning) => warnings.push(warning),
  });
  for (const expected of [0, 0, 1, 1, 1]) {
    await encodePayload(codec, "text", AAD);
    assertEquals(warnings.length, expected);
  }
  assertEquals(warnings, [
    { version: 1, keyId: undefined, blobs: 3, max: KEY_BLOBS_MAX },
  ]);
});

Deno.test("ManagedAesGcmCodec warns once for each key, and names it", async () => {
  const bytes: Record<string, Uint8Array> = { k1: newKey(), k2: newKey() };
  const keys = { currentKeyId: "k1", key: (id: string) => bytes[id]! };
  const warned: (string | undefined)[] = [];
  const codec = new ManagedAesGcmCodec(keys, {
    keyCacheMax: 1,
    warnAt: 1,
    onKeyWarning: ({ keyId }) => warned.push(keyId),
  });
  for (const id of ["k1", "k2", "k1", "k2"]) {
    keys.currentKeyId = id;
    await encodePayload(codec, "text", AAD);
  }
  assertEquals(warned, ["k1", "k2"]);
});

Deno.test("AesGcmCodec warns on the console by default, at 2^31", async () => {
  const key = newKey();
  const codec = new AesGcmCodec(key, {
    encryptedBefore: KEY_BLOBS_WARN_AT - 2,
  });
  const lines = await withConsoleWarn(async () => {
    await encodePayload(codec, "text", AAD);
  });
  assertEquals(lines, []);
  const more = await withConsoleWarn(async () => {
    await encodePayload(codec, "text", AAD);
    await encodePayload(codec, "text", AAD);
  });
  assertEquals(more, [
    "@zu/backends: the key has encrypted 2147483648 blobs and is refused at " +
    "4294967296; change to a new key before that.",
  ]);
});

Deno.test("AesGcmCodec lets onKeyWarning fail the encoding that it is called for", async () => {
  const codec = new AesGcmCodec(newKey(), {
    warnAt: 1,
    onKeyWarning: () => {
      throw new Error("rotate now");
    },
  });
  await assertRejects(
    () => encodePayload(codec, "text", AAD),
    Error,
    "rotate now",
  );
  const blob = await encodePayload(codec, "text", AAD);
  assertEquals(await decodePayload(blob, AAD, [codec]), "text");
});

Deno.test("noteEncrypted raises the count and never lowers it", async () => {
  const counts: number[] = [];
  const options = {
    encryptedBefore: 10,
    warnAt: 0,
    onKeyWarning: ({ blobs }: KeyWarning) => counts.push(blobs),
  };
  const key = newKey();
  const plain = new AesGcmCodec(key, options);
  plain.noteEncrypted(100);
  plain.noteEncrypted(50);
  await encodePayload(plain, "text", AAD);
  const rotating = managed(key, options);
  rotating.noteEncrypted(5, "k1");
  await encodePayload(rotating, "text", AAD);
  const next = managed(key, options);
  next.noteEncrypted(1000);
  await encodePayload(next, "text", AAD);
  assertEquals(counts, [101, 102, 1001]);
});

Deno.test("noteEncrypted keeps the counts of keys apart", async () => {
  const bytes: Record<string, Uint8Array> = { k1: newKey(), k2: newKey() };
  const keys = { currentKeyId: "k1", key: (id: string) => bytes[id]! };
  const codec = new ManagedAesGcmCodec(keys);
  codec.noteEncrypted(KEY_BLOBS_MAX, "k2");
  await encodePayload(codec, "text", AAD);
  keys.currentKeyId = "k2";
  await rejectsWith("key_exhausted", () => encodePayload(codec, "text", AAD));
});

for (const count of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
  Deno.test(`AesGcmCodec refuses ${count} as a count`, () => {
    assertThrows(
      () => new AesGcmCodec(newKey(), { encryptedBefore: count }),
      RangeError,
      "encrypted before must be an integer from 0",
    );
    assertThrows(
      () => new AesGcmCodec(newKey(), { warnAt: count }),
      RangeError,
      "warnAt must be an integer from 0",
    );
    assertThrows(
      () => managed(newKey()).noteEncrypted(count),
      RangeError,
      `got ${count}`,
    );
  });
}
