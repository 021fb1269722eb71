import { assert, assertEquals } from "@std/assert";
import { ManagedAesGcmCodec } from "../../codec/mod.ts";
import { copyLog, SqliteSink, verifyLog } from "../../sinks/mod.ts";
import { JsonlSink } from "../../sinks/jsonl_sink.ts";
import { PostgresSink } from "../../sinks/postgres_sink.ts";
import {
  counts,
  KINDS,
  someEvents,
  textsOf,
  withFolder,
} from "../sinks/_copies.ts";
import { postgresTest, withDatabase } from "./_postgres.ts";

const SIGN_KEY = new Uint8Array(32).fill(3);
const CODEC = new ManagedAesGcmCodec({
  currentKeyId: "k",
  key: () => new Uint8Array(32).fill(9),
});

postgresTest(
  "copyLog brings a signed log from SQLite through PostgreSQL and JSONL to SQLite as it was",
  async () => {
    await withDatabase((url) =>
      withFolder(async (folder) => {
        const driver = "builtin";
        await using first = await SqliteSink.open(`${folder}/a.db`, {
          driver,
          codec: CODEC,
          signKey: SIGN_KEY,
        });
        await first.appendAll(someEvents(7, 60));
        await using second = await PostgresSink.open(url, { codec: CODEC });
        await using third = new JsonlSink(`${folder}/b.jsonl`);
        await using last = await SqliteSink.open(`${folder}/c.db`, { driver });
        const options = { key: SIGN_KEY, batchSize: 50 };
        for (
          const [from, to] of [[first, second], [second, third], [third, last]]
        ) {
          assertEquals(
            counts(await copyLog(from!, to!, options)),
            [420, 420, 0, 0, 0],
          );
        }
        assertEquals(await textsOf(last), await textsOf(first));
        assertEquals(await textsOf(second), await textsOf(first));
        const report = await verifyLog(last, { key: SIGN_KEY });
        assertEquals([report.events, report.violations], [420, []]);
      })
    );
  },
);

for (const [kind, open] of Object.entries(KINDS)) {
  postgresTest(
    `copyLog to PostgresSink from a ${kind}, ended in the middle, goes on, and back`,
    async () => {
      await withDatabase((url) =>
        withFolder(async (folder) => {
          await using source = await open(`${folder}/source`);
          await source.appendAll(someEvents(5, 20));
          await using target = await PostgresSink.open(url);
          const controller = new AbortController();
          const seen: number[] = [];
          const ended = copyLog(source, target, {
            batchSize: 8,
            signal: controller.signal,
            onProgress: ({ seq }) => {
              seen.push(seq);
              if (seen.length === 3) controller.abort(new Error("enough"));
            },
          });
          assertEquals(await ended.then(() => "", (e) => e.message), "enough");
          const resumeFrom = seen.at(-1)!;
          const { copied } = await copyLog(source, target, { resumeFrom });
          assert(copied > 0 && copied < 100, `${copied} copied`);
          assertEquals(counts(await copyLog(source, target))[2], 100);
          assertEquals(await textsOf(target), await textsOf(source));
          await using back = await open(`${folder}/back`);
          await copyLog(target, back);
          assertEquals(await textsOf(back), await textsOf(source));
        })
      );
    },
  );
}
