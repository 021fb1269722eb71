// Rows that others have damaged: each is named, and those beside it are read.
import { assertEquals } from "@std/assert";
import {
  AesGcmCodec,
  IdentityCodec,
  type PayloadCodec,
} from "../../codec/mod.ts";
import {
  type SinkError,
  type StoredEvent,
  verifyLog,
} from "../../sinks/mod.ts";
import { sample, samples } from "../conformance/event_sink/samples.ts";
import { openLog } from "./_log.ts";
import { postgresTest, withDatabase } from "./_postgres.ts";
import { ask } from "./_programs.ts";

const DAMAGE: readonly (readonly [what: string, bytes: string])[] = [
  ["a byte that no UTF-8 has", String.raw`\x00ff`],
  ["a sequence that is cut", String.raw`\x00e282`],
  ["a surrogate", String.raw`\x00eda080`],
  ["the byte zero", String.raw`\x007b007d`],
  ["a version alone", String.raw`\x00`],
  ["a version that no codec has", String.raw`\x7f7b7d`],
  ["nothing", String.raw`\x`],
];

for (const [what, bytes] of DAMAGE) {
  postgresTest(
    `PostgresSink reads past a row with ${what}, and names it`,
    async () => {
      await withDatabase(async (url) => {
        const found: SinkError[] = [];
        await using sink = await openLog(url, {
          onCorrupt: (error) => found.push(error),
        });
        const stored = await sink.appendAll(samples(5));
        await ask(url, `UPDATE zu.events SET data = '${bytes}' WHERE seq = 3`);
        const others = stored.filter(({ seq }) => seq !== 3);
        assertEquals(await sink.query(), others);
        assertEquals(await Array.fromAsync(sink.stream()), others);
        const { event_id } = stored[2]!.event;
        assertEquals(
          found.map((error) => [error.code, error.seq, error.event_id]),
          [["corrupt_row", 3, event_id], ["corrupt_row", 3, event_id]],
        );
        const { violations } = await verifyLog(sink);
        assertEquals(violations.map(({ seq }) => seq).at(0), 3);
      });
    },
  );
}

postgresTest(
  "PostgresSink reads pages of plain and encrypted rows, however they are mixed",
  async () => {
    await withDatabase(async (url) => {
      const aes = new AesGcmCodec(new Uint8Array(32).fill(7));
      const plain = new IdentityCodec();
      const readers = [plain, aes];
      const codecs: PayloadCodec[] = [plain, plain, aes, plain, aes, aes];
      const stored: StoredEvent[] = [];
      for (const codec of codecs) {
        await using sink = await openLog(url, { codec, readers });
        stored.push(
          await sink.append(sample({ payload: { text: "ä\u{1F600}\n\\" } })),
        );
      }
      await using sink = await openLog(url, { readers });
      assertEquals(await sink.query(), stored);
      assertEquals(await Array.fromAsync(sink.stream()), stored);
      const { violations, events } = await verifyLog(sink);
      assertEquals([violations, events], [[], codecs.length]);
    });
  },
);

postgresTest(
  "PostgresSink finds no event by a row of the side index that is of another place",
  async () => {
    await withDatabase(async (url) => {
      await using sink = await openLog(url, { ctxFields: ["a", "b"] });
      const stored = await sink.append(
        sample({ payload: { ctx: { a: "1", b: "2" } } }),
      );
      const { trace_id } = stored.event;
      assertEquals(await sink.query({ a: "1", b: "2" }), [stored]);
      assertEquals(await sink.query({ trace_id, b: "2" }), [stored]);
      await ask(url, "UPDATE zu.event_index SET seq = 9 WHERE field = 'b'");
      for (const filter of [{ b: "2" }, { a: "1", b: "2" }]) {
        assertEquals(await sink.query(filter), []);
        assertEquals(await sink.query({ ...filter, trace_id }), []);
        assertEquals(await sink.count(filter), 0);
      }
    });
  },
);
