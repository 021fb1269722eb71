import { assert, assertEquals, assertRejects } from "@std/assert";
import { SqliteSink, type SqliteSinkOptions } from "../../sinks/mod.ts";
import { hasWalResetBug } from "../../sinks/sqlite/wal_reset_bug.ts";
import {
  DRIVERS,
  samples,
  soon,
  withFolder,
  withSink,
} from "./sqlite/_helpers.ts";

for (const driver of DRIVERS) {
  Deno.test(`SqliteSink tells which SQLite runs, and what it supports (${driver})`, async () => {
    await withSink({ driver }, async (sink, log) => {
      assertEquals([sink.name, sink.driver], ["sqlite", driver]);
      assert(/^3\.\d+\.\d+$/.test(sink.sqliteVersion), sink.sqliteVersion);
      assertEquals(sink.supports, {
        persistence: true,
        atomicAppendAll: true,
        unboundedIdempotence: true,
        sharedWriters: !hasWalResetBug(sink.sqliteVersion),
      });
      assertEquals(await Deno.stat(log).then(({ isFile }) => isFile), true);
    });
  });

  Deno.test(`SqliteSink streams 100,000 events in the order of the log (${driver})`, async () => {
    await withFolder(async (log) => {
      await using sink = await SqliteSink.open(log, { driver });
      for (let n = 0; n < 10; n++) {
        await sink.appendAll(samples(10_000, n * 10_000 + 1));
      }
      let seq = 0;
      for await (const stored of sink.stream({}, { batchSize: 10_000 })) {
        assert(stored.seq === ++seq);
      }
      assertEquals(seq, 100_000);
      assertEquals(await sink.count(), 100_000);
    });
  });
}

const OUT_OF_BOUNDS: SqliteSinkOptions[] = [
  { busyTimeoutMs: -1 },
  { busyTimeoutMs: 600_001 },
  { busyTimeoutMs: 1.5 },
  { queueMax: 0 },
  { queueMax: NaN },
  { eventBytesMax: 1023 },
  { walBytesMax: -1 },
  { headsMax: 0 },
  { followPollMs: 9 },
  { followPollMs: Infinity },
];

for (const options of OUT_OF_BOUNDS) {
  Deno.test(`SqliteSink.open refuses ${Deno.inspect(options)}`, async () => {
    const [name] = Object.keys(options);
    await assertRejects(
      () => SqliteSink.open(":memory:", { driver: "builtin", ...options }),
      RangeError,
      name,
    );
  });
}

Deno.test("SqliteSink.open refuses a driver that there is not, and names those there are", async () => {
  const driver = "wasm" as "ffi";
  const error = await assertRejects(() =>
    SqliteSink.open(":memory:", { driver })
  );
  assert(error instanceof TypeError || error instanceof RangeError, `${error}`);
  assert(error.message.includes("builtin"), error.message);
});

Deno.test("SqliteSink ends a stream that follows when it is closed, and one that does not with closed", async () => {
  await withFolder(async (log) => {
    const sink = await SqliteSink.open(log, { driver: "builtin" });
    await sink.appendAll(samples(3));
    const following = Array.fromAsync(sink.stream({}, { follow: true }));
    const reading = sink.stream({}, { batchSize: 1 });
    await reading.next();
    await soon("close", sink.close());
    assertEquals((await soon("the end", following)).length <= 3, true);
    const error = await assertRejects(() => reading.next());
    assertEquals((error as { code?: string }).code, "closed");
  });
});

Deno.test("SqliteSink ends a stream by its signal and lets nothing go on", async () => {
  await withSink({ driver: "builtin" }, async (sink) => {
    await sink.appendAll(samples(3));
    const controller = new AbortController();
    const { signal } = controller;
    const seen: number[] = [];
    const reason = new Error("enough");
    const error = await assertRejects(async () => {
      for await (const { seq } of sink.stream({}, { follow: true, signal })) {
        seen.push(seq);
        if (seq === 3) queueMicrotask(() => controller.abort(reason));
      }
    });
    assertEquals([error, seen], [reason, [1, 2, 3]]);
  });
});
