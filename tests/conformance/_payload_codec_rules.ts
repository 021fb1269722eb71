import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import {
  CodecError,
  decodePayload,
  encodePayload,
  type PayloadCodec,
  rowAad,
  type RowAadFields,
} from "../../codec/mod.ts";
import type { PayloadCodecSupports } from "./payload_codec.ts";

/** A rule of the port, and how to see that a codec keeps it. */
export interface PayloadCodecRule {
  /** What a codec does that keeps it, in plain words. */
  readonly name: string;
  /** What a codec must declare for the rule to hold for it. */
  readonly needs?: keyof PayloadCodecSupports;
  /** Fails if the codec, fresh from `create`, breaks the rule. */
  readonly check: (
    codec: PayloadCodec,
    create: () => PayloadCodec | Promise<PayloadCodec>,
  ) => Promise<void>;
}

const ROW: RowAadFields = {
  event_id: "00000000-0000-4000-8000-000000000001",
  trace_id: "00000000-0000-4000-8000-0000000000aa",
  task_id: "00000000-0000-4000-8000-0000000000bb",
  type: "harness.started",
  source: "suite",
};
const AAD = rowAad(ROW);
const TEXT = '{"step":1}';

const TEXTS: ReadonlyArray<readonly [what: string, text: string]> = [
  ["an empty text", ""],
  ["JSON to the letter, spaces and 1.0 included", '{"b": 1.0, "a":-0.0}'],
  ["NUL and other control characters", "a\0b\x1f\x7f\x80"],
  ["a byte order mark, at the start too", "\ufeffa\ufeff"],
  ["line ends of every kind", "a\rb\nc\r\nd\u2028e\u2029"],
  ["characters of two and three bytes, not normalised", "\u00e9 e\u0301 漢"],
  ["the replacement character and its neighbours", "\ufffc\ufffd\ufffe\uffff"],
  ["astral characters up to the last", "😀\u{1d4b3}\u{10ffff}"],
  ["a text of 1 MiB", "0123456789abcdef".repeat(65536)],
];

/** How many calls to have under way at once. */
const CONCURRENCY = 64;
/** Enough bodies for a nonce that is a small counter or clock to show. */
const DISTINCT_BODIES = 256;

/** The contract, a rule an entry. */
export const PAYLOAD_CODEC_RULES: readonly PayloadCodecRule[] = [
  {
    name: "has a version that is an integer from 0 to 255",
    check: ({ version }) => {
      assert(Number.isInteger(version), `not an integer: ${version}`);
      assert(version >= 0 && version <= 255, `out of range: ${version}`);
      return Promise.resolve();
    },
  },
  {
    name: "has one version in all instances, before and after use",
    check: async (codec, create) => {
      const { version } = codec;
      await codec.decodeBody(await codec.encodeBody(TEXT, AAD), AAD);
      assertEquals(codec.version, version);
      assertEquals((await create()).version, version);
    },
  },
  {
    name: "gives a Uint8Array and a string",
    check: async (codec) => {
      const body = await codec.encodeBody(TEXT, AAD);
      assertInstanceOf(body, Uint8Array);
      assertEquals(typeof await codec.decodeBody(body, AAD), "string");
    },
  },
  ...TEXTS.map(([what, text]): PayloadCodecRule => ({
    name: `brings back ${what}`,
    check: async (codec) => {
      const back = await codec.decodeBody(
        await codec.encodeBody(text, AAD),
        AAD,
      );
      // A long text would make for a long difference.
      assert(back === text, `got ${JSON.stringify(back).slice(0, 100)}`);
    },
  })),
  {
    name: "reads in one instance what another wrote",
    check: async (codec, create) => {
      const body = await codec.encodeBody(TEXT, AAD);
      assertEquals(await (await create()).decodeBody(body, AAD), TEXT);
    },
  },
  {
    name: "is found by its version among other readers",
    check: async (codec) => {
      const blob = await encodePayload(codec, TEXT, AAD);
      assertEquals(blob[0], codec.version);
      const other = unusable((codec.version + 1) % 256);
      assertEquals(await decodePayload(blob, AAD, [other, codec]), TEXT);
    },
  },
  {
    name: "refuses a lone surrogate with a TypeError",
    check: async (codec) => {
      for (const text of ["\ud800", "a\udfff", "\udc00\ud800"]) {
        await assertRejects(
          async () => await codec.encodeBody(text, AAD),
          TypeError,
        );
      }
    },
  },
  {
    name: "leaves its arguments as they are",
    check: async (codec) => {
      const aad = AAD.slice();
      const body = await codec.encodeBody(TEXT, aad);
      assertEquals(aad, AAD);
      const given = new Uint8Array(body);
      await codec.decodeBody(given, aad);
      assertEquals(aad, AAD);
      assertEquals(given, new Uint8Array(body));
    },
  },
  {
    name: "gives bytes that nothing else refers to",
    check: async (codec) => {
      const first = await codec.encodeBody(TEXT, AAD);
      const kept = new Uint8Array(first);
      const second = await codec.encodeBody(TEXT, AAD);
      assertEquals(first, kept, "a later call changed them");
      first.fill(0);
      assertEquals(await codec.decodeBody(second, AAD), TEXT);
      const third = await codec.encodeBody(TEXT, AAD);
      assertEquals(await codec.decodeBody(third, AAD), TEXT);
    },
  },
  {
    name: "works on views into larger buffers",
    check: async (codec) => {
      const body = await codec.encodeBody(TEXT, within(AAD));
      assertEquals(await codec.decodeBody(within(body), within(AAD)), TEXT);
    },
  },
  {
    name: `does ${CONCURRENCY} things at once`,
    check: async (codec) => {
      const rows = Array.from({ length: CONCURRENCY }, (_, index) => ({
        text: `${index} `.repeat(index * 20),
        aad: rowAad({ ...ROW, source: `suite ${index}` }),
      }));
      const bodies = await Promise.all(
        rows.map(({ text, aad }) => codec.encodeBody(text, aad)),
      );
      const texts = await Promise.all(
        rows.map(({ aad }, index) => codec.decodeBody(bodies[index]!, aad)),
      );
      assertEquals(texts, rows.map(({ text }) => text));
    },
  },
  {
    name: "refuses bytes that it cannot have written with a CodecError",
    check: async (codec) => {
      // No encoding of text comes to an odd number of such bytes.
      for (const length of [1, 13, 301]) {
        const body = new Uint8Array(length).fill(0xff);
        await refuses(codec, body, AAD);
      }
    },
  },
  {
    name: "works on after a failure",
    check: async (codec) => {
      const body = await codec.encodeBody(TEXT, AAD);
      await refuses(codec, new Uint8Array(13).fill(0xff), AAD);
      assertEquals(await codec.decodeBody(body, AAD), TEXT);
      const next = await codec.encodeBody(TEXT, AAD);
      assertEquals(await codec.decodeBody(next, AAD), TEXT);
    },
  },
  {
    name: "finds a body that was moved to another row",
    needs: "authenticated",
    check: async (codec) => {
      const body = await codec.encodeBody(TEXT, AAD);
      const columns = ["event_id", "trace_id", "task_id", "type", "source"];
      for (const column of columns) {
        const aad = rowAad({ ...ROW, [column]: "harness.other" });
        const error = await refuses(codec, body, aad);
        assertEquals(error.code, "authentication_failed");
      }
    },
  },
  {
    name: "names the event in its errors",
    needs: "authenticated",
    check: async (codec) => {
      const body = new Uint8Array(await codec.encodeBody(TEXT, AAD));
      body[body.length - 1]! ^= 1;
      const error = await refuses(codec, body, AAD);
      assertEquals(error.event_id, ROW.event_id);
      assert(error.message.includes(ROW.event_id), error.message);
    },
  },
  {
    name: "finds the change of any one bit",
    needs: "authenticated",
    check: async (codec) => {
      const body = new Uint8Array(await codec.encodeBody(TEXT, AAD));
      for (let bit = 0; bit < body.length * 8; bit++) {
        const changed = new Uint8Array(body);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        await refuses(codec, changed, AAD);
      }
    },
  },
  {
    name: "finds a body that was cut anywhere, or lengthened",
    needs: "authenticated",
    check: async (codec) => {
      const body = await codec.encodeBody(TEXT, AAD);
      for (let length = 0; length < body.length; length++) {
        await refuses(codec, body.subarray(0, length), AAD);
      }
      const longer = new Uint8Array(body.length + 1);
      longer.set(body);
      await refuses(codec, longer, AAD);
    },
  },
  {
    name: "gives equal texts different bodies",
    needs: "randomized",
    check: async (codec) => {
      const bodies = new Set<string>();
      for (let index = 0; index < DISTINCT_BODIES; index++) {
        bodies.add((await codec.encodeBody(TEXT, AAD)).toString());
      }
      assertEquals(bodies.size, DISTINCT_BODIES);
    },
  },
  {
    name: "hides the text",
    needs: "encrypted",
    check: async (codec) => {
      const secret = "the quick brown fox jumps over the lazy dog";
      const body = await codec.encodeBody(secret, AAD);
      const shown = new TextDecoder("latin1").decode(body);
      for (const word of secret.split(" ").filter(({ length }) => length > 3)) {
        assert(!shown.includes(word), `the body shows ${word}`);
      }
    },
  },
];

async function refuses(
  codec: PayloadCodec,
  body: Uint8Array,
  aad: Uint8Array,
): Promise<CodecError> {
  return await assertRejects(
    async () => await codec.decodeBody(body, aad),
    CodecError,
  );
}

/** The same bytes, with others before and after them in one buffer. */
function within(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length + 20).fill(0xee);
  larger.set(bytes, 10);
  return larger.subarray(10, 10 + bytes.length);
}

/** A reader that must not be asked. */
function unusable(version: number): PayloadCodec {
  const fail = () => {
    throw new Error("a reader of another version was asked");
  };
  return { version, encodeBody: fail, decodeBody: fail };
}
