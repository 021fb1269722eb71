import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  CodecError,
  decodePayload,
  encodePayload,
  type KeyProvider,
  ManagedAesGcmCodec,
  rowAad,
} from "../../codec/mod.ts";
import {
  AAD,
  Keys,
  keysOf,
  newKey,
  rejectsWith,
  ROW,
  throwsWith,
} from "./_helpers.ts";

const UNUSABLE: ReadonlyArray<readonly [given: unknown, problem: string]> = [
  [new Uint8Array(31), "got 31 bytes"],
  [new Uint8Array(33), "got 33 bytes"],
  ["00".repeat(32), "got string"],
  [new ArrayBuffer(32), "got ArrayBuffer"],
  [{ length: 32 }, "got Object"],
];
for (const [given, problem] of UNUSABLE) {
  Deno.test(`ManagedAesGcmCodec says bad_key at once for a provider's key where it ${problem}`, async () => {
    throwsWith(
      "bad_key",
      () => new ManagedAesGcmCodec(keysOf(() => given)),
      problem,
    );
    const later = keysOf(() => Promise.resolve(given));
    const error = await rejectsWith(
      "bad_key",
      () => ManagedAesGcmCodec.open(later),
      problem,
    );
    assertEquals(error.keyId, "k1");
    await rejectsWith(
      "bad_key",
      () => encodePayload(new ManagedAesGcmCodec(later), "text", AAD),
      problem,
    );
  });
}

for (const none of [undefined, null]) {
  Deno.test(`ManagedAesGcmCodec takes ${none} from a provider for "no such key"`, async () => {
    throwsWith("unknown_key", () => new ManagedAesGcmCodec(keysOf(() => none)));
    await rejectsWith(
      "unknown_key",
      () => ManagedAesGcmCodec.open(keysOf(() => Promise.resolve(none))),
      "has none of this id",
    );
  });
}

Deno.test("ManagedAesGcmCodec works on a provider that answers with promises", async () => {
  const keys = new Keys("k1");
  const later: KeyProvider = {
    currentKeyId: "k1",
    key: (id) => Promise.resolve(keys.key(id)),
  };
  for (
    const codec of [
      new ManagedAesGcmCodec(later),
      await ManagedAesGcmCodec.open(later),
    ]
  ) {
    const blob = await encodePayload(codec, "text", AAD);
    assertEquals(await decodePayload(blob, AAD, [codec]), "text");
  }
  assertEquals(keys.asked, ["k1", "k1"]);
});

Deno.test("ManagedAesGcmCodec keeps the cause where a provider throws or rejects", async () => {
  const cause = new Error("service is down");
  const failures = [
    () => {
      throw cause;
    },
    () => Promise.reject(cause),
  ];
  for (const key of failures) {
    const error = await rejectsWith(
      "unknown_key",
      () => ManagedAesGcmCodec.open(keysOf(key)),
      'Cannot get the key "k1": the key provider failed with "service is down"',
    );
    assert(error.cause === cause);
    assertEquals(error.keyId, "k1");
  }
});

Deno.test("ManagedAesGcmCodec passes on the code of a provider's own CodecError, and names the row", async () => {
  const cause = new CodecError("bad_key", "the key is revoked");
  const codec = new ManagedAesGcmCodec(keysOf(() => Promise.reject(cause)));
  const error = await rejectsWith(
    "bad_key",
    () => encodePayload(codec, "text", AAD),
    "the key is revoked",
  );
  assertEquals(error.event_id, ROW.event_id);
  assertEquals(error.keyId, "k1");
  assert(error.cause === cause);
});

Deno.test("ManagedAesGcmCodec asks again after its provider has failed", async () => {
  const key = newKey();
  let down = true;
  const codec = new ManagedAesGcmCodec(
    keysOf(() =>
      down ? Promise.reject(new Error("down")) : Promise.resolve(key)
    ),
  );
  await rejectsWith("unknown_key", () => encodePayload(codec, "text", AAD));
  down = false;
  const blob = await encodePayload(codec, "text", AAD);
  assertEquals(await decodePayload(blob, AAD, [codec]), "text");
});

Deno.test("ManagedAesGcmCodec that is never used leaves no rejection behind", async () => {
  let unhandled = 0;
  const onRejection = (event: Event) => {
    event.preventDefault();
    unhandled += 1;
  };
  globalThis.addEventListener("unhandledrejection", onRejection);
  try {
    new ManagedAesGcmCodec(keysOf(() => Promise.reject(new Error("down"))));
    // Rejections are reported once the microtasks have run dry.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(unhandled, 0);
  } finally {
    globalThis.removeEventListener("unhandledrejection", onRejection);
  }
});

Deno.test("ManagedAesGcmCodec asks once for a key that many rows need at once", async () => {
  const keys = new Keys("k1", "k2");
  const later: KeyProvider = {
    currentKeyId: "k1",
    key: (id) => Promise.resolve(keys.key(id)),
  };
  const codec = new ManagedAesGcmCodec(later);
  const rows = Array.from({ length: 64 }, (_, index) => ({
    text: `text ${index}`,
    aad: rowAad({ ...ROW, source: `row ${index}` }),
  }));
  const blobs = await Promise.all(
    rows.map(({ text, aad }) => encodePayload(codec, text, aad)),
  );
  assertEquals(keys.asked, ["k1"]);
  const reader = new ManagedAesGcmCodec({
    currentKeyId: "k2",
    key: later.key,
  });
  const texts = await Promise.all(
    blobs.map((blob, index) => decodePayload(blob, rows[index]!.aad, [reader])),
  );
  assertEquals(texts, rows.map(({ text }) => text));
  assertEquals(keys.asked, ["k1", "k2", "k1"]);
});

Deno.test("ManagedAesGcmCodec keeps the keys that were used last, up to keyCacheMax", async () => {
  const keys = new Keys("k1", "k2", "k3");
  const codec = new ManagedAesGcmCodec(keys, { keyCacheMax: 2 });
  const use = async (id: string) => {
    keys.currentKeyId = id;
    const blob = await encodePayload(codec, id, AAD);
    assertEquals(await decodePayload(blob, AAD, [codec]), id);
  };
  for (const id of ["k1", "k2", "k1", "k3", "k1", "k2"]) await use(id);
  // k2 was the one not used for longest when k3 came.
  assertEquals(keys.asked, ["k1", "k2", "k3", "k2"]);
});

for (const keyCacheMax of [0, -1, 1.5, NaN, Infinity]) {
  Deno.test(`ManagedAesGcmCodec refuses ${keyCacheMax} as keyCacheMax`, () => {
    assertThrows(
      () => new ManagedAesGcmCodec(new Keys("k1"), { keyCacheMax }),
      RangeError,
      `keyCacheMax must be an integer from 1, got ${keyCacheMax}`,
    );
  });
}

Deno.test("ManagedAesGcmCodec does not keep the provider's buffer", async () => {
  const key = newKey();
  const given = new Uint8Array(key);
  const codec = new ManagedAesGcmCodec(keysOf(() => given));
  const blob = await encodePayload(codec, "text", AAD);
  given.fill(0);
  const same = new ManagedAesGcmCodec(keysOf(() => key));
  assertEquals(await decodePayload(blob, AAD, [same]), "text");
  const second = await encodePayload(codec, "text", AAD);
  assertEquals(await decodePayload(second, AAD, [same]), "text");
});
