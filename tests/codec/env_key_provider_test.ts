import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { EnvKeyProvider } from "../../codec/mod.ts";
import { newKey, throwsWith, withEnv } from "./_helpers.ts";

Deno.test("EnvKeyProvider reads a key by its id", async () => {
  const [one, other] = [newKey(), newKey()];
  const variables = {
    ZU_EVENT_KEY_ID: "k1",
    ZU_EVENT_KEY_k1: one.toHex(),
    "ZU_EVENT_KEY_clé": other.toHex(),
  };
  await withEnv(variables, () => {
    const keys = new EnvKeyProvider();
    assertEquals(keys.currentKeyId, "k1");
    assertEquals(keys.key("k1"), one);
    assertEquals(keys.key("clé"), other);
  });
});

for (const variables of [{}, { ZU_EVENT_KEY_ID: "" }]) {
  const state = "ZU_EVENT_KEY_ID" in variables ? "empty" : "unset";
  Deno.test(`lesson 16: EnvKeyProvider takes "default" as the id where ZU_EVENT_KEY_ID is ${state}`, async () => {
    const key = newKey();
    await withEnv({ ...variables, ZU_EVENT_KEY: key.toHex() }, () => {
      const keys = new EnvKeyProvider();
      assertEquals(keys.currentKeyId, "default");
      assertEquals(keys.key("default"), key);
    });
  });
}

Deno.test("EnvKeyProvider prefers ZU_EVENT_KEY_default to ZU_EVENT_KEY unless it is empty", async () => {
  const [one, other] = [newKey(), newKey()];
  const general = { ZU_EVENT_KEY: other.toHex() };
  await withEnv({ ...general, ZU_EVENT_KEY_default: one.toHex() }, () => {
    assertEquals(new EnvKeyProvider().key("default"), one);
  });
  await withEnv({ ...general, ZU_EVENT_KEY_default: "" }, () => {
    assertEquals(new EnvKeyProvider().key("default"), other);
  });
});

Deno.test("EnvKeyProvider reads ZU_EVENT_KEY for no other id", async () => {
  await withEnv({ ZU_EVENT_KEY: newKey().toHex() }, () => {
    throwsWith("unknown_key", () => new EnvKeyProvider().key("k1"));
  });
});

Deno.test("EnvKeyProvider takes the current id from its options and then does not read ZU_EVENT_KEY_ID", async () => {
  await withEnv({ ZU_EVENT_KEY_ID: "x".repeat(256) }, () => {
    assertEquals(
      new EnvKeyProvider({ currentKeyId: "k2" }).currentKeyId,
      "k2",
    );
  });
});

Deno.test("EnvKeyProvider settles the current id when it is made", async () => {
  await withEnv({ ZU_EVENT_KEY_ID: "k1" }, () => {
    const keys = new EnvKeyProvider();
    Deno.env.set("ZU_EVENT_KEY_ID", "k2");
    assertEquals(keys.currentKeyId, "k1");
  });
});

Deno.test("lesson 16: EnvKeyProvider names the variable that it looked for", async () => {
  await withEnv({ ZU_EVENT_KEY_k2: "" }, () => {
    const keys = new EnvKeyProvider();
    const cases = [
      ["k1", '"ZU_EVENT_KEY_k1" is not set'],
      ["k2", '"ZU_EVENT_KEY_k2" is empty'],
      [
        "default",
        '"ZU_EVENT_KEY_default" is not set and "ZU_EVENT_KEY" is not set',
      ],
    ] as const;
    for (const [id, message] of cases) {
      const error = throwsWith("unknown_key", () => keys.key(id), message);
      assertEquals(error.keyId, id);
    }
  });
});

Deno.test("lesson 16: EnvKeyProvider names the variable of a malformed key", async () => {
  const variables = { ZU_EVENT_KEY: "short", ZU_EVENT_KEY_k1: "also short" };
  await withEnv(variables, () => {
    const keys = new EnvKeyProvider();
    throwsWith(
      "bad_key",
      () => keys.key("default"),
      '"ZU_EVENT_KEY" must hold',
    );
    const error = throwsWith(
      "bad_key",
      () => keys.key("k1"),
      '"ZU_EVENT_KEY_k1" must hold',
    );
    assertEquals(error.keyId, "k1");
    assert(!error.message.includes("also short"));
  });
});

Deno.test("EnvKeyProvider takes hex of either case and padded base64", async () => {
  const key = Uint8Array.fromBase64(
    "+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/8=",
  );
  const texts = [
    key.toHex(),
    key.toHex().toUpperCase(),
    key.toBase64(),
  ];
  for (const text of texts) {
    await withEnv({ ZU_EVENT_KEY: text }, () => {
      assertEquals(new EnvKeyProvider().key("default"), key);
    });
  }
});

const HEX = "ab".repeat(32);
const BASE64 = new Uint8Array(32).fill(0xfb).toBase64();
const MALFORMED: ReadonlyArray<readonly [what: string, text: string]> = [
  ["62 hex digits", HEX.slice(2)],
  ["63 hex digits", HEX.slice(1)],
  ["66 hex digits", `${HEX}ab`],
  ["a digit that is not hex", `${HEX.slice(1)}g`],
  ["a leading 0x", `0x${HEX.slice(2)}`],
  ["white space before", ` ${HEX}`],
  ["a line end after", `${HEX}\n`],
  ["white space around base64", ` ${BASE64}\n`],
  ["white space within base64", `${BASE64.slice(0, 20)}\n${BASE64.slice(20)}`],
  ["base64 without its padding", BASE64.slice(0, -1)],
  ["base64 with too much padding", `${BASE64}=`],
  ["url-safe base64", BASE64.replaceAll("+", "-").replaceAll("/", "_")],
  ["stray bits in the last digit", `${BASE64.slice(0, 42)}t=`],
  ["base64 of 31 bytes", new Uint8Array(31).toBase64()],
  ["base64 of 33 bytes", new Uint8Array(33).toBase64()],
  ["digits of another script", "٠".repeat(64)],
];
for (const [what, text] of MALFORMED) {
  Deno.test(`EnvKeyProvider refuses ${what}`, async () => {
    await withEnv({ ZU_EVENT_KEY: text }, () => {
      throwsWith("bad_key", () => new EnvKeyProvider().key("default"));
    });
  });
}

Deno.test("EnvKeyProvider says what is wrong with the likely mistakes", async () => {
  const keyOf = () => new EnvKeyProvider().key("default");
  await withEnv({ ZU_EVENT_KEY: `${HEX}\n` }, () => {
    throwsWith("bad_key", keyOf, "65 characters, with white space around them");
  });
  const urlSafe = BASE64.replaceAll("+", "-").replaceAll("/", "_");
  await withEnv({ ZU_EVENT_KEY: urlSafe }, () => {
    throwsWith("bad_key", keyOf, "of the url-safe base64 alphabet");
  });
});

Deno.test("EnvKeyProvider reads any key from either of its forms", async () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  await fc.assert(fc.asyncProperty(bytes, async (key) => {
    for (const text of [key.toHex(), key.toBase64()]) {
      await withEnv({ ZU_EVENT_KEY: text }, () => {
        assertEquals(new EnvKeyProvider().key("default"), new Uint8Array(key));
      });
    }
  }));
});

Deno.test("EnvKeyProvider takes only one text of base64 for a key", async () => {
  const digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let taken = 0;
  for (const digit of digits) {
    await withEnv({ ZU_EVENT_KEY: `${"A".repeat(42)}${digit}=` }, () => {
      try {
        new EnvKeyProvider().key("default");
        taken += 1;
      } catch {
        // One of the 48 texts whose last digit has bits that no byte holds.
      }
    });
  }
  assertEquals(taken, 16);
});

Deno.test("EnvKeyProvider knows no key of an id that a variable's name cannot hold", async () => {
  const variables = {
    ZU_EVENT_KEY: HEX,
    ZU_EVENT_KEY_a: HEX,
    // What the system would look up in place of a lone surrogate.
    "ZU_EVENT_KEY_\ufffd": HEX,
  };
  await withEnv(variables, () => {
    const keys = new EnvKeyProvider();
    for (const id of ["a=b", "a\0", "=", "\ud800"]) {
      const error = throwsWith("unknown_key", () => keys.key(id));
      assertEquals(error.keyId, id);
    }
  });
});

Deno.test("EnvKeyProvider does not take the current id's variable for a key", async () => {
  await withEnv({ ZU_EVENT_KEY_ID: HEX }, () => {
    throwsWith(
      "unknown_key",
      () => new EnvKeyProvider().key("ID"),
      "ZU_EVENT_KEY_ID names the current key and holds none",
    );
  });
});

Deno.test("EnvKeyProvider does not show a key that was put where its id belongs", async () => {
  await withEnv({ ZU_EVENT_KEY_ID: HEX }, () => {
    const keys = new EnvKeyProvider();
    const error = throwsWith(
      "unknown_key",
      () => keys.key(keys.currentKeyId),
      "its id has the form of a key itself",
    );
    assert(!error.message.includes(HEX));
    assertEquals(error.keyId, undefined);
  });
});

Deno.test("EnvKeyProvider refuses an id that a blob cannot hold", async () => {
  throwsWith(
    "bad_key",
    () => new EnvKeyProvider({ currentKeyId: "" }),
    "currentKeyId: it is empty",
  );
  throwsWith(
    "bad_key",
    () => new EnvKeyProvider({ currentKeyId: "é".repeat(128) }),
    "it is 256 bytes long",
  );
  throwsWith(
    "bad_key",
    () => new EnvKeyProvider({ currentKeyId: "\ud800" }),
    "it holds a lone surrogate",
  );
  assertThrows(
    () => new EnvKeyProvider({ currentKeyId: 1 as unknown as string }),
    TypeError,
    "must be a string, got number",
  );
  await withEnv({ ZU_EVENT_KEY_ID: "x".repeat(256) }, () => {
    throwsWith(
      "bad_key",
      () => new EnvKeyProvider(),
      "ZU_EVENT_KEY_ID: it is 256 bytes long",
    );
  });
});

Deno.test({
  name: "EnvKeyProvider says which permission is missing",
  permissions: { env: false },
  fn: () => {
    const id = throwsWith(
      "bad_key",
      () => new EnvKeyProvider(),
      '"ZU_EVENT_KEY_ID": permission is not granted',
    );
    assertInstanceOf(id.cause, Deno.errors.NotCapable);
    const keys = new EnvKeyProvider({ currentKeyId: "k1" });
    const key = throwsWith(
      "unknown_key",
      () => keys.key("k1"),
      '"ZU_EVENT_KEY_k1": permission is not granted',
    );
    assertInstanceOf(key.cause, Deno.errors.NotCapable);
  },
});

Deno.test({
  name: "EnvKeyProvider needs no permission beside ZU_EVENT_KEY*",
  permissions: { env: ["ZU_EVENT_KEY*"] },
  fn: () => {
    const key = newKey();
    Deno.env.set("ZU_EVENT_KEY_narrow", key.toHex());
    try {
      const { currentKeyId } = new EnvKeyProvider();
      assertEquals(typeof currentKeyId, "string");
      assertEquals(new EnvKeyProvider().key("narrow"), key);
    } finally {
      Deno.env.delete("ZU_EVENT_KEY_narrow");
    }
  },
});
