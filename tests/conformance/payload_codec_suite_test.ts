import {
  assert,
  assertEquals,
  assertExists,
  AssertionError,
  assertRejects,
} from "@std/assert";
import {
  AesGcmCodec,
  CodecError,
  IdentityCodec,
  type PayloadCodec,
} from "../../codec/mod.ts";
import {
  type ConformanceTest,
  type PayloadCodecTestOptions,
  testPayloadCodec,
} from "./payload_codec.ts";

const key = crypto.getRandomValues(new Uint8Array(32));
const ALL = { authenticated: true, randomized: true, encrypted: true };

/** The suite's tests, by rule. */
function collect(
  create: PayloadCodecTestOptions["create"],
  supports = ALL,
): Map<string, ConformanceTest> {
  const tests = new Map<string, ConformanceTest>();
  testPayloadCodec({
    name: "codec",
    create,
    supports,
    register: (test) => tests.set(test.name.replace("codec ", ""), test),
  });
  return tests;
}

/** A sound codec, but for what is replaced. */
function broken(replace: (sound: AesGcmCodec) => Partial<PayloadCodec>) {
  return (): PayloadCodec => {
    const sound = new AesGcmCodec(key);
    const codec: PayloadCodec = {
      version: sound.version,
      encodeBody: (plaintext, aad) => sound.encodeBody(plaintext, aad),
      decodeBody: (body, aad) => sound.decodeBody(body, aad),
    };
    // Not by spreading, which would call a getter and keep what it says.
    const replaced = Object.getOwnPropertyDescriptors(replace(sound));
    return Object.defineProperties(codec, replaced);
  };
}

/** A codec that does not quite bring the text back. */
function lossy(change: (text: string) => string) {
  return broken((sound) => ({
    decodeBody: async (body, aad) => change(await sound.decodeBody(body, aad)),
  }));
}

/** A codec that tells from a length of its own where its body ends. */
function lengthPrefixed(padding: number[]) {
  return broken((sound) => ({
    encodeBody: async (plaintext, aad) => {
      const body = await sound.encodeBody(plaintext, aad);
      return Uint8Array.from([body.length, ...body, ...padding]);
    },
    decodeBody: (body, aad) =>
      sound.decodeBody(body.subarray(1, 1 + (body[0] ?? 0)), aad),
  }));
}

/** For each rule a codec that breaks it, as someone might well write it. */
const BREACHES: Record<string, () => PayloadCodec> = {
  "has a version that is an integer from 0 to 255": broken(() => ({
    version: 256,
  })),
  "has one version in all instances, before and after use": broken((sound) => {
    let calls = 0;
    return {
      get version() {
        return calls % 2;
      },
      encodeBody: (plaintext, aad) => {
        calls += 1;
        return sound.encodeBody(plaintext, aad);
      },
    };
  }),
  "gives a Uint8Array and a string": broken((sound) => ({
    encodeBody: async (plaintext, aad) =>
      [...await sound.encodeBody(plaintext, aad)] as unknown as Uint8Array,
  })),
  "brings back an empty text": lossy((text) => text || "null"),
  "brings back JSON to the letter, spaces and 1.0 included": lossy((text) =>
    text.startsWith("{") ? JSON.stringify(JSON.parse(text)) : text
  ),
  "brings back NUL and other control characters": lossy((text) =>
    text.split("\0")[0] ?? ""
  ),
  "brings back a byte order mark, at the start too": lossy((text) =>
    text.replace(/^\ufeff/, "")
  ),
  "brings back line ends of every kind": lossy((text) =>
    text.replaceAll("\r\n", "\n")
  ),
  "brings back characters of two and three bytes, not normalised": lossy(
    (text) => text.normalize("NFC"),
  ),
  "brings back the replacement character and its neighbours": lossy((text) =>
    text.replaceAll("\ufffd", "")
  ),
  "brings back astral characters up to the last": lossy((text) =>
    text.replace(/[\ud800-\udbff]/g, "?")
  ),
  "brings back a text of 1 MiB": lossy((text) => text.slice(0, 1 << 16)),
  "reads in one instance what another wrote": () =>
    new AesGcmCodec(crypto.getRandomValues(new Uint8Array(32))),
  "is found by its version among other readers": broken(() => ({
    version: 256,
  })),
  "refuses a lone surrogate with a TypeError": broken((sound) => ({
    encodeBody: (plaintext, aad) =>
      sound.encodeBody(plaintext.toWellFormed(), aad),
  })),
  "leaves its arguments as they are": broken((sound) => ({
    decodeBody: async (body, aad) => {
      const text = await sound.decodeBody(body, aad);
      body.fill(0);
      return text;
    },
  })),
  "gives bytes that nothing else refers to": broken((sound) => {
    const pool = new Uint8Array(1 << 21);
    return {
      encodeBody: async (plaintext, aad) => {
        const body = await sound.encodeBody(plaintext, aad);
        pool.set(body);
        return pool.subarray(0, body.length);
      },
    };
  }),
  "works on views into larger buffers": broken((sound) => ({
    decodeBody: (body, aad) =>
      sound.decodeBody(new Uint8Array(body.buffer), aad),
  })),
  "does 64 things at once": broken((sound) => {
    let current = "";
    return {
      encodeBody: async (plaintext, aad) => {
        current = plaintext;
        await Promise.resolve();
        return await sound.encodeBody(current, aad);
      },
    };
  }),
  "refuses bytes that it cannot have written with a CodecError": broken(
    (sound) => ({
      decodeBody: async (body, aad) => {
        try {
          return await sound.decodeBody(body, aad);
        } catch {
          throw new Error("cannot decode");
        }
      },
    }),
  ),
  "works on after a failure": broken((sound) => {
    let failed = false;
    return {
      decodeBody: async (body, aad) => {
        if (failed) throw new Error("closed");
        failed = true;
        const text = await sound.decodeBody(body, aad);
        failed = false;
        return text;
      },
    };
  }),
  "finds a body that was moved to another row": broken((sound) => {
    const aad = new TextEncoder().encode("any row");
    return {
      encodeBody: (plaintext) => sound.encodeBody(plaintext, aad),
      decodeBody: (body) => sound.decodeBody(body, aad),
    };
  }),
  "names the event in its errors": broken((sound) => ({
    decodeBody: async (body, aad) => {
      try {
        return await sound.decodeBody(body, aad);
      } catch {
        throw new CodecError("authentication_failed", "cannot decode");
      }
    },
  })),
  "finds the change of any one bit": broken((sound) => ({
    encodeBody: async (plaintext, aad) =>
      Uint8Array.from([0, ...await sound.encodeBody(plaintext, aad)]),
    decodeBody: (body, aad) => sound.decodeBody(body.subarray(1), aad),
  })),
  "finds a body that was cut anywhere, or lengthened": lengthPrefixed([0]),
  "gives equal texts different bodies": broken((sound) => {
    const bodies = new Map<string, Promise<Uint8Array>>();
    return {
      encodeBody: async (plaintext, aad) => {
        const body = bodies.get(plaintext) ?? sound.encodeBody(plaintext, aad);
        bodies.set(plaintext, body);
        return (await body).slice();
      },
    };
  }),
  "hides the text": () => new IdentityCodec(),
};

Deno.test("testPayloadCodec passes a sound codec", async () => {
  for (const test of collect(() => new AesGcmCodec(key)).values()) {
    assert(!test.ignore);
    await test.fn();
  }
});

Deno.test("testPayloadCodec has a codec that breaks each of its rules, in the tests below", () => {
  const rules = [...collect(() => new AesGcmCodec(key)).keys()];
  assertEquals(rules.sort(), Object.keys(BREACHES).sort());
});

for (const [rule, create] of Object.entries(BREACHES)) {
  Deno.test(`testPayloadCodec fails a codec that breaks "${rule}"`, async () => {
    const test = collect(create).get(rule);
    assertExists(test);
    await assertRejects(test.fn);
  });
}

Deno.test("testPayloadCodec finds a codec that changes the additional data, or keeps what it gave out", async () => {
  const changing = broken((sound) => ({
    encodeBody: async (plaintext, aad) => {
      const body = await sound.encodeBody(plaintext, aad);
      aad.reverse();
      return body;
    },
  }));
  const test = collect(changing).get("leaves its arguments as they are");
  await assertRejects(() => test!.fn(), AssertionError);
  const keeping = broken((sound) => {
    const bodies = new Map<string, Promise<Uint8Array>>();
    return {
      encodeBody: (plaintext, aad) => {
        const body = bodies.get(plaintext) ?? sound.encodeBody(plaintext, aad);
        bodies.set(plaintext, body);
        return body;
      },
    };
  });
  const other = collect(keeping).get("gives bytes that nothing else refers to");
  await assertRejects(() => other!.fn());
});

Deno.test("testPayloadCodec finds a codec that takes a lengthened body, if not a cut one", async () => {
  const rule = "finds a body that was cut anywhere, or lengthened";
  const test = collect(lengthPrefixed([])).get(rule);
  await assertRejects(() => test!.fn(), AssertionError);
});

Deno.test("testPayloadCodec skips what a codec does not declare, and says why", () => {
  const tests: ConformanceTest[] = [];
  testPayloadCodec({
    name: "IdentityCodec",
    create: () => new IdentityCodec(),
    register: (test) => tests.push(test),
  });
  const skipped = tests.filter(({ ignore }) => ignore);
  assertEquals(
    skipped.map(({ name }) => name.replace(/^.*\(skipped: (.*)\)$/, "$1")),
    [
      "it does not declare authenticated",
      "it does not declare authenticated",
      "it does not declare authenticated",
      "it does not declare authenticated",
      "it does not declare randomized",
      "it does not declare encrypted",
    ],
  );
  assert(tests.every(({ name }) => name.startsWith("IdentityCodec ")));
});
