import { assert, assertEquals } from "@std/assert";
import { MemorySink, SqliteSink, verifyLog } from "../../sinks/mod.ts";
import { otherConnection } from "../sinks/sqlite/_other_connection.ts";
import { FakeClock } from "./_fake_clock.ts";
import { nameOf, openLog, sized, SOME, withFolder } from "./_logs.ts";
import { openFilesIn, Trial } from "./_trial.ts";

const HOUR_MS = 3_600_000;
const STEP_MS = HOUR_MS / sized(180, 3600);
const TEXT = "x".repeat(8000);
/** What SQLite lets the log grow to before it checkpoints by itself, and a group. */
const WAL_BYTES_MAX = 1000 * 4120 + 300_000;

for (const variant of SOME) {
  Deno.test(`a reader that stays open for an hour: ${nameOf(variant)} writes on, bounded, and shows the reader all of it`, async () => {
    await withFolder(async (folder) => {
      using clock = new FakeClock(Date.UTC(2026, 0, 1));
      const path = `${folder}/log`;
      const trial = new Trial();
      await using sink = await openLog(path, variant, { maxBytes: 500_000 });
      await trial.succeed(sink);
      const control = new AbortController();
      const slow = sink.stream();
      const following = sink.stream({}, {
        follow: true,
        signal: control.signal,
      });
      assertEquals((await slow.next()).value?.seq, 1);
      assertEquals((await following.next()).value?.seq, 1);
      for (let passed = 0; passed < HOUR_MS; passed += STEP_MS) {
        const calls = [1, 2, 3].map(() => [trial.event({ text: TEXT })]);
        assertEquals(await trial.submit(sink, calls), []);
        clock.pass(STEP_MS);
        if (sink instanceof SqliteSink) {
          const { size } = await Deno.stat(`${path}-wal`);
          assert(size <= WAL_BYTES_MAX, `${size}`);
        }
      }
      const files = await openFilesIn(folder);
      assert(files.length <= 12, files.join());
      let last = 1;
      for await (const { seq } of slow) assertEquals(seq, ++last);
      last = 1;
      while (last < trial.made) {
        assertEquals((await following.next()).value?.seq, ++last);
      }
      control.abort();
      await following.return();
      await trial.checkAll(sink);
    });
  });

  if (variant.kind !== "sqlite") continue;
  Deno.test(`lesson 19: a reader that stays open for an hour: ${nameOf(variant)} counts what a transaction of somebody else keeps from being checkpointed, and makes up for it`, async () => {
    await withFolder(async (folder) => {
      using clock = new FakeClock(Date.UTC(2026, 0, 1));
      const path = `${folder}/log`;
      const walBytesMax = 100_000;
      const trial = new Trial();
      await using sink = await openLog(path, variant, { walBytesMax });
      assert(sink instanceof SqliteSink);
      await trial.succeed(sink);
      const reader = otherConnection(path, variant.driver);
      try {
        reader.exec("BEGIN");
        reader.prepare("SELECT count(*) FROM events").rows();
        for (let passed = 0; passed < HOUR_MS; passed += STEP_MS) {
          assertEquals(await trial.submit(sink, [[trial.event()]]), []);
          assertEquals(await trial.submit(sink, [[trial.event()]]), []);
          clock.pass(STEP_MS);
        }
      } finally {
        reader.close();
      }
      const { checkpointsBlocked } = await sink.checkpoint();
      assert(checkpointsBlocked > 0, "the sink has counted it");
      await trial.succeed(sink);
      const { size } = await Deno.stat(`${path}-wal`);
      assert(size <= walBytesMax, `${size}`);
      await trial.checkAll(sink);
    });
  });
}

const SINKS = [
  ...SOME.map((variant) => ({
    name: nameOf(variant),
    open: (path: string) => openLog(path, variant),
  })),
  { name: "MemorySink", open: () => Promise.resolve(new MemorySink()) },
];

for (const { name, open } of SINKS) {
  Deno.test(`clock going backwards: ${name} keeps the order of appending, and every id is another`, async () => {
    await withFolder(async (folder) => {
      const start = Date.UTC(2026, 0, 1);
      using clock = new FakeClock(start);
      await using sink = await open(`${folder}/log`);
      const trial = new Trial();
      const following = sink.stream({}, { follow: true });
      const ids = new Set<string>();
      let last = 0;
      for (let n = 0; n < 60; n++) {
        // By a millisecond, by seconds, by hours; and now and then forwards.
        clock.set(start - [1, 5000, HOUR_MS, -HOUR_MS][n % 4]! * n);
        clock.pass(0);
        const event = trial.event();
        assertEquals(Date.parse(event.ts), Date.now());
        const stored = await sink.append(event);
        assertEquals(stored.seq, ++last);
        ids.add(stored.event.event_id);
        assertEquals((await following.next()).value, stored);
      }
      await following.return();
      assertEquals(ids.size, 60);
      const report = await verifyLog(sink);
      assertEquals([report.events, report.violations], [60, []]);
    });
  });
}
