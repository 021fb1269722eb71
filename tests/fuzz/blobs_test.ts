import { assertEquals, assertInstanceOf } from "@std/assert";
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
  type RowAadFields,
} from "../../codec/mod.ts";
import { reportRow, runsOf, Tally } from "./_form.ts";

const KEYS = new Map(
  ["k1", "k2", "", "é"].map((id, n) => [id, new Uint8Array(32).fill(n + 1)]),
);

function managed(currentKeyId: string): ManagedAesGcmCodec {
  return new ManagedAesGcmCodec({
    currentKeyId,
    key(id) {
      const key = KEYS.get(id);
      if (key === undefined) throw new CodecError("unknown_key", `no ${id}`);
      return key;
    },
  });
}

const AES = new AesGcmCodec(new Uint8Array(32).fill(9));
/** What blobs are written with; all of them are read with the same readers. */
const WRITERS: readonly PayloadCodec[] = [
  new IdentityCodec(),
  AES,
  managed("k1"),
  managed("k2"),
  managed("é"),
];
const READERS: readonly PayloadCodec[] = [AES, managed("k1")];
const PLAIN = 0;

/** A change of a blob, by numbers that fit blobs of any length. */
type Change =
  | { kind: "flip"; at: number; bit: number }
  | { kind: "byte"; at: number; byte: number }
  | { kind: "cut"; at: number }
  | { kind: "drop"; at: number; length: number }
  | { kind: "insert"; at: number; bytes: Uint8Array }
  | { kind: "version"; byte: number }
  | { kind: "splice"; at: number };

const at = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 4000 }));
const byte = fc.nat({ max: 255 });
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant("flip" as const),
    at,
    bit: fc.nat({ max: 7 }),
  }),
  fc.record({ kind: fc.constant("byte" as const), at, byte }),
  fc.record({ kind: fc.constant("cut" as const), at }),
  fc.record({
    kind: fc.constant("drop" as const),
    at,
    length: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({
    kind: fc.constant("insert" as const),
    at,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
  }),
  fc.record({
    kind: fc.constant("version" as const),
    byte: fc.oneof(fc.constantFrom(0, 1, 2, 3), byte),
  }),
  fc.record({ kind: fc.constant("splice" as const), at }),
);

/** A blob with something changed; `other` is another blob to take pieces of. */
function changed(
  blob: Uint8Array,
  change: Change,
  other: Uint8Array,
): Uint8Array {
  const bytes = [...blob];
  const place = "at" in change ? change.at % (bytes.length + 1) : 0;
  switch (change.kind) {
    case "flip":
      if (place < bytes.length) bytes[place]! ^= 1 << change.bit;
      break;
    case "byte":
      if (place < bytes.length) bytes[place] = change.byte;
      break;
    case "cut":
      bytes.length = place;
      break;
    case "drop":
      bytes.splice(place, change.length);
      break;
    case "insert":
      bytes.splice(place, 0, ...change.bytes);
      break;
    case "version":
      bytes[0] = change.byte;
      break;
    case "splice":
      bytes.splice(place, Infinity, ...other.subarray(place));
  }
  return Uint8Array.from(bytes);
}

const column = fc.string({ unit: "grapheme", maxLength: 6 })
  .map((text) => text.replaceAll("\x1f", ""));
const row: fc.Arbitrary<RowAadFields> = fc.record({
  event_id: fc.uuid(),
  trace_id: fc.uuid(),
  task_id: fc.uuid(),
  type: column,
  source: column,
});
const written = fc.record({
  writer: fc.constantFrom(...WRITERS),
  row,
  text: fc.string({ unit: "grapheme", maxLength: 60 }),
});

/** What a blob says, where its version is plain: its bytes, if they are UTF-8. */
function plainText(blob: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(blob.subarray(1));
  } catch {
    return undefined;
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

Deno.test("decodePayload gives the text of a changed blob or row to nobody: what is sealed opens as it was, or with a CodecError", async () => {
  const tally = new Tally();
  const runs = runsOf("blobs", 1500, 100_000);
  const cases = fc.record({
    one: written,
    other: written,
    changes: fc.array(change, { maxLength: 3 }),
    isMoved: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ one, other, changes, isMoved }) => {
      const ownAad = rowAad(one.row);
      const blob = await encodePayload(one.writer, one.text, ownAad);
      const second = await encodePayload(
        other.writer,
        other.text,
        rowAad(other.row),
      );
      let bytes: Uint8Array = blob;
      for (const each of changes) bytes = changed(bytes, each, second);
      const aad = isMoved ? rowAad(other.row) : ownAad;
      const isOwn = areEqual(bytes, blob) && areEqual(aad, ownAad);
      const isOther = areEqual(bytes, second) &&
        areEqual(aad, rowAad(other.row));
      let text: string;
      try {
        text = await decodePayload(bytes, aad, READERS);
      } catch (error) {
        assertInstanceOf(error, CodecError);
        const { event_id } = isMoved ? other.row : one.row;
        assertEquals(error.event_id, event_id, error.message);
        assertEquals(isOwn || isOther, false, error.message);
        if (bytes[0] === PLAIN) assertEquals(plainText(bytes), undefined);
        tally.add(error.code);
        return;
      }
      if (bytes[0] === PLAIN) {
        // Plain text is bound to nothing: there the chain tells of a change.
        assertEquals(text, plainText(bytes));
        tally.add(isOwn ? "unchanged" : "plain");
        return;
      }
      assertEquals(isOwn || isOther, true, "a changed blob was opened");
      assertEquals(text, isOwn ? one.text : other.text);
      tally.add("unchanged");
    }),
    runs,
  );
  reportRow("decodePayload", "its own plaintexts", runs.numRuns, `${tally}`);
});
