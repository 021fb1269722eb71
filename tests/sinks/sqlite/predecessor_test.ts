import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { AesGcmCodec, ManagedAesGcmCodec } from "../../../codec/mod.ts";
import {
  serializeEvent,
  SqliteSink,
  type SqliteSinkOptions,
  type StoredEvent,
  verifyLog,
} from "../../../sinks/mod.ts";
import {
  DRIVERS,
  rejectsWith,
  sample,
  upTo,
  withFolder,
  withRaw,
} from "./_helpers.ts";

const FOLDER = new URL("../../fixtures/predecessor/", import.meta.url);
const EVENTS = 240;
const TRACES = 5;

/** Bytes that count up, as the fixtures' keys do. */
function countingKey(from: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, n) => from + n);
}

const SIGN_KEY = new Uint8Array(32).fill(0x73);
const V1 = { codec: new AesGcmCodec(countingKey(0)) };
const V2 = {
  codec: new ManagedAesGcmCodec({
    currentKeyId: "k2",
    key: (id) => countingKey(id === "k1" ? 0 : 32),
  }),
};

interface Fixture {
  readonly options: SqliteSinkOptions;
  readonly isLinked: boolean;
  readonly key?: Uint8Array;
}

const FIXTURES: Record<string, Fixture> = {
  "0.2.0-plain": { options: {}, isLinked: false },
  "0.2.0-aes-v1": { options: V1, isLinked: false },
  "0.2.0-aes-v2": { options: V2, isLinked: false },
  "head-plain": { options: {}, isLinked: true },
  "head-aes-v1": { options: V1, isLinked: true },
  "head-aes-v2": { options: V2, isLinked: true },
  "head-signed": {
    options: { signKey: SIGN_KEY },
    isLinked: true,
    key: SIGN_KEY,
  },
};

async function withFixture(
  name: string,
  test: (log: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (log) => {
    await Deno.copyFile(new URL(`python-${name}.db`, FOLDER), log);
    await test(log);
  });
}

/** The texts as they are stored, which no event has been made of. */
async function storedTexts(sink: SqliteSink): Promise<string[]> {
  const texts: string[] = [];
  for await (const rows of sink.audit()) {
    for (const { text } of rows) texts.push(text!);
  }
  return texts;
}

for (const driver of DRIVERS) {
  for (const [name, { options, isLinked, key }] of Object.entries(FIXTURES)) {
    const keyed = key === undefined ? {} : { key };

    Deno.test(`SqliteSink reads and verifies the predecessor's file (${name}, ${driver})`, async () => {
      await withFixture(name, async (log) => {
        for (const readOnly of [true, false]) {
          await using sink = await SqliteSink.open(log, {
            ...options,
            driver,
            readOnly,
          });
          assertEquals(await sink.count(), EVENTS);
          const stored = await Array.fromAsync(sink.stream());
          assertEquals(stored.map(({ seq }) => seq), upTo(EVENTS));
          assertEquals(await sink.query(), stored);
          const { event } = stored[100]!;
          const { trace_id, type } = event;
          assertEquals(
            await sink.query({ trace_id, type }),
            stored.filter((one) =>
              one.event.trace_id === trace_id && one.event.type === type
            ),
          );
          const report = await verifyLog(sink, keyed);
          assertEquals(report.violations, []);
          assertEquals(
            [report.events, report.traces, report.unlinked, report.complete],
            [EVENTS, TRACES, isLinked ? 0 : EVENTS, true],
          );
        }
      });
    });

    Deno.test(`SqliteSink keeps the predecessor's text to the letter (${name}, ${driver})`, async () => {
      await withFixture(name, async (log) => {
        await using sink = await SqliteSink.open(log, { ...options, driver });
        const texts = await storedTexts(sink);
        for (const [n, { event }] of (await sink.query()).entries()) {
          const text = serializeEvent(event);
          // Files of 0.2.0 lack the chain's fields, which are null there.
          const chain = ',"prev_hash":null,"hash":null,"sig":null}';
          const expected = isLinked
            ? texts[n]!
            : texts[n]!.slice(0, -1) + chain;
          assertEquals(text, expected);
        }
      });
    });

    Deno.test(`SqliteSink appends to the predecessor's file (${name}, ${driver})`, async () => {
      await withFixture(name, async (log) => {
        const ctxFields = ["team"];
        const all = { ...options, driver, ctxFields };
        let last: StoredEvent | undefined;
        {
          await using sink = await SqliteSink.open(log, all);
          const [head] = await sink.query({}, { afterSeq: EVENTS - 1 });
          const { trace_id } = head!.event;
          const payload = { ctx: { team: "red" } };
          last = await sink.append(sample(1, { trace_id, payload }));
          assertEquals(
            last.event.prev_hash,
            isLinked ? head!.event.hash : null,
          );
          assertEquals(last.event.sig !== null, key !== undefined);
          // What is in the log already is recognised for what it is.
          assertEquals(await sink.append(head!.event), head);
          await rejectsWith(
            sink.append({ ...head!.event, source: "another" }),
            "duplicate_id",
          );
        }
        await using sink = await SqliteSink.open(log, all);
        const { trace_id } = last.event;
        const next = await sink.append(sample(2, { trace_id }));
        assertEquals(next.event.prev_hash, last.event.hash);
        assertEquals(await sink.query({ team: "red" }), [last]);
        const report = await verifyLog(sink, keyed);
        assertEquals(report.violations, []);
        assertEquals(report.unlinked, isLinked ? 0 : EVENTS);
      });
    });
  }
}

Deno.test("SqliteSink says which row and key a wrong key does not open", async () => {
  await withFixture("head-aes-v2", async (log) => {
    const codec = new ManagedAesGcmCodec({
      currentKeyId: "k1",
      key: () => new Uint8Array(32),
    });
    await using sink = await SqliteSink.open(log, { driver: "builtin", codec });
    const error = await rejectsWith(sink.query(), "corrupt_row", '"k2"');
    assertEquals(error.seq, 1);
    const { code } = error.cause as { code?: string };
    assertEquals(code, "authentication_failed");
  });
});

const COLUMNS = [
  "event_id",
  "trace_id",
  "task_id",
  "parent_id",
  "type",
  "source",
];

for (
  const name of ["head-plain", "head-aes-v1", "head-aes-v2", "head-signed"]
) {
  Deno.test(`verifyLog finds any byte that was changed in the predecessor's file (${name})`, async () => {
    const { options, key } = FIXTURES[name]!;
    await withFixture(name, async (log) => {
      const open = async (path: string) =>
        await SqliteSink.open(path, {
          ...options,
          driver: "builtin",
          readOnly: true,
          onCorrupt: () => {},
        });
      let events: StoredEvent[];
      {
        await using sink = await open(log);
        events = await sink.query();
      }
      const position = fc.double({
        min: 0,
        max: 1,
        maxExcluded: true,
        noNaN: true,
      });
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: EVENTS }),
          fc.oneof(
            { weight: 3, arbitrary: fc.constant("data") },
            { weight: 1, arbitrary: fc.constantFrom(...COLUMNS) },
          ),
          position,
          fc.integer({ min: 0, max: 7 }),
          async (seq, column, where, bit) => {
            const edited = `${log}-edited`;
            await Deno.copyFile(log, edited);
            withRaw(edited, (db) => {
              const row = db.prepare(
                `SELECT CAST(${column} AS BLOB) AS bytes FROM events WHERE seq = ?`,
              ).get(seq)!;
              const bytes = Uint8Array.from(row.bytes as Uint8Array ?? []);
              const at = Math.floor(where * bytes.length);
              bytes[at]! ^= 1 << bit;
              const value = column === "data" ? "?" : "CAST(? AS TEXT)";
              db.prepare(`UPDATE events SET ${column} = ${value} WHERE seq = ?`)
                .run(bytes, seq);
            });
            await using sink = await open(edited);
            const keyed = key === undefined ? {} : { key };
            const { violations } = await verifyLog(sink, keyed);
            // A name of a field that is null, say, may be changed with no
            // effect: then the log still says what it said.
            if (violations.length > 0) {
              const { seq: found } = violations[0]!;
              assert(found === undefined || found >= seq);
            } else assertEquals(await sink.query(), events);
          },
        ),
        // A smaller edit would say no more than the one that was found.
        { numRuns: 60, endOnFailure: true },
      );
    });
  });
}
