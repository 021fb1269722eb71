// JsonlSink's part is in tests/sinks/jsonl/replaced_test.ts, by lesson 18.
import { assert, assertEquals } from "@std/assert";
import { SqliteSink } from "../../sinks/mod.ts";
import { nameOf, openLog, SOME, withFolder } from "./_logs.ts";
import { assertTold, openFilesIn, Trial } from "./_trial.ts";

const MOVED = {
  codes: ["io"],
  says: /no longer the file that was opened.*Put that back, or try again/,
};

type Way = (log: string) => Promise<void>;

/** What takes the log's files away, and where its events are then. */
const WAYS: Record<string, Way> = {
  "renamed": (log) => Deno.rename(log, `${log}.old`),
  "removed": async (log) => {
    // The events are where the other name is.
    await Deno.link(log, `${log}.old`);
    await Deno.remove(log);
  },
  "replaced by another log": async (log) => {
    await Deno.rename(log, `${log}.old`);
    await Deno.rename(`${log}.other`, log);
  },
};

for (const variant of SOME) {
  if (variant.kind !== "sqlite") continue;
  for (const [way, take] of Object.entries(WAYS)) {
    Deno.test(`a log file replaced under the sink: ${nameOf(variant)} acknowledges nothing that goes to a log that was ${way}, and leaves both whole`, async () => {
      await withFolder(async (folder) => {
        const log = `${folder}/log`;
        const open = (path: string) => openLog(path, variant);
        const before = new Trial();
        const after = new Trial();
        {
          // It stays open, so that its write-ahead log is there to be spoilt.
          await using other = await open(`${log}.other`);
          await after.succeed(other);
        }
        {
          await using sink = await open(log);
          await before.succeed(sink);
          await take(log);
          const errors = await before.append(sink);
          assertEquals(errors.length, 7);
          for (const error of errors) assertTold(error, MOVED);
          await sink.count().catch((error) => assertTold(error, MOVED));
          // From here on, the sink works with what bears the name.
          const other = way.startsWith("replaced") ? after : new Trial();
          for (const error of await other.append(sink)) throw error;
          await other.checkAll(sink);
        }
        assertEquals(await openFilesIn(folder), []);
        await using old = await open(`${log}.old`);
        await before.check(old);
        for (const error of await before.appendRefused(old)) throw error;
        await before.checkAll(old);
      });
    });
  }

  Deno.test(`a log file replaced under the sink: ${nameOf(variant)} loses nothing where its write-ahead log is removed`, async () => {
    await withFolder(async (folder) => {
      const log = `${folder}/log`;
      const trial = new Trial();
      {
        await using sink = await openLog(log, variant);
        await trial.succeed(sink);
        await Deno.remove(`${log}-wal`);
        for (const error of await trial.append(sink)) assertTold(error, MOVED);
        await sink.count().catch((error) => assertTold(error, MOVED));
        for (const error of await trial.appendRefused(sink)) throw error;
        await trial.checkAll(sink);
      }
      await using again = await openLog(log, variant);
      assert(again instanceof SqliteSink);
      await trial.checkAll(again);
    });
  });
}
