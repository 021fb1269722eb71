import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers/promises";
import { SqliteSink, verifyLog } from "../../../sinks/mod.ts";
import {
  assertHolds,
  DRIVERS,
  numbers,
  rejectsWith,
  sample,
  samples,
  uuid,
  withFolder,
  withSink,
} from "./_helpers.ts";
import { otherConnection } from "./_other_connection.ts";

/** Holds the write lock, as another program may. */
function holdLock(log: string, driver: "ffi" | "builtin"): Disposable {
  const connection = otherConnection(log, driver);
  connection.exec("BEGIN IMMEDIATE");
  return { [Symbol.dispose]: () => connection.close() };
}

for (const driver of DRIVERS) {
  Deno.test(`lesson 2: a lock that is held too long is locked, and nothing is left behind (${driver})`, async () => {
    await withSink({ driver, busyTimeoutMs: 20 }, async (sink, log) => {
      await sink.append(sample(1));
      {
        using _lock = holdLock(log, driver);
        const error = await rejectsWith(sink.append(sample(2)), "locked");
        assert(error.message.includes("busyTimeoutMs"));
        await rejectsWith(sink.appendAll(samples(3, 3)), "locked");
        const many = samples(20, 10).map((event) => sink.append(event));
        for (const result of await Promise.allSettled(many)) {
          assert(result.status === "rejected");
          assertEquals(result.reason.code, "locked");
        }
        // Who reads does not wait for who writes.
        assertEquals(numbers(await sink.query()), [1]);
        assertEquals(await sink.count(), 1);
      }
      await sink.append(sample(2));
      await sink.appendAll(samples(2, 3));
      await assertHolds(sink, [1, 2, 3, 4]);
    });
  });

  Deno.test(`lesson 2: an append waits for a lock that is let go of in time (${driver})`, async () => {
    await withSink({ driver, busyTimeoutMs: 60_000 }, async (sink, log) => {
      await sink.append(sample(1));
      const lock = holdLock(log, driver);
      const appended = sink.append(sample(2));
      assertEquals(numbers(await sink.query()), [1]);
      lock[Symbol.dispose]();
      await appended;
      await assertHolds(sink, [1, 2]);
    });
  });

  Deno.test(`lesson 17: the loop turns and reads go on while a commit waits (${driver})`, async () => {
    await withSink({ driver, busyTimeoutMs: 60_000 }, async (sink, log) => {
      await sink.appendAll(samples(2000));
      const lock = holdLock(log, driver);
      let isStored = false;
      const appends = Promise.all(
        samples(500, 3001).map((event) => sink.append(event)),
      ).then(() => isStored = true);
      // The commit cannot end before the lock is let go of below, so whatever
      // comes to pass here does so beside it.
      let turns = 0;
      while (turns < 50) {
        await setImmediate();
        turns++;
      }
      assertEquals((await sink.query()).length, 2000);
      assertEquals((await verifyLog(sink)).events, 2000);
      assert(!isStored);
      lock[Symbol.dispose]();
      await appends;
      assertEquals(await sink.count(), 2500);
    });
  });
}

Deno.test("lesson 17: the loop turns while a large result is read", async () => {
  await withSink({ driver: "builtin" }, async (sink) => {
    await sink.appendAll(samples(9000));
    let isRead = false;
    const reading = sink.query().then((events) => {
      isRead = true;
      return events.length;
    });
    let turns = 0;
    while (!isRead) {
      await setImmediate();
      turns++;
    }
    assertEquals(await reading, 9000);
    // A page a turn at least: 9000 rows are some pages of 1024.
    assert(turns > 8, `${turns} turns`);
  });
});

for (const driver of DRIVERS) {
  Deno.test(`lesson 19: the write-ahead log stays bounded, and a reader that keeps it from shrinking is counted (${driver})`, async () => {
    const walBytesMax = 100_000;
    await withSink({ driver, walBytesMax }, async (sink, log) => {
      const walSize = async () => (await Deno.stat(`${log}-wal`)).size;
      const payload = { text: "x".repeat(5000) };
      await sink.append(sample(1));
      assertEquals((await sink.checkpoint()).checkpointsBlocked, 0);
      const reader = otherConnection(log, driver);
      let first = 0;
      try {
        reader.exec("BEGIN");
        reader.prepare("SELECT count(*) FROM events").rows();
        for (let n = 0; n < 10; n++) {
          await sink.appendAll(samples(100, 1000 + n * 100, { payload }));
        }
        const blocked = await sink.checkpoint();
        first = blocked.checkpoints;
        assertEquals(blocked.checkpointsBlocked, 1);
        assert(await walSize() > 10 * walBytesMax, `${await walSize()}`);
      } finally {
        reader.close();
      }
      const { checkpoints, checkpointsBlocked } = await sink.checkpoint();
      assertEquals([checkpoints - first, checkpointsBlocked], [1, 1]);
      // The next commit begins the log anew, and cuts it back.
      await sink.append(sample(2));
      assert(await walSize() <= walBytesMax, `${await walSize()}`);
      assertEquals(await sink.count(), 1002);
    });
  });

  Deno.test(`lesson 19: the writer checkpoints by itself (${driver})`, async () => {
    await withSink({ driver }, async (sink) => {
      for (const event of samples(256)) await sink.append(event);
      assertEquals(await sink.checkpoint(), {
        checkpoints: 2,
        checkpointsBlocked: 0,
      });
    });
  });

  Deno.test(`lesson 14: heads stay right where few are remembered (${driver})`, async () => {
    await withFolder(async (log) => {
      const options = { driver, headsMax: 8 } as const;
      await using sink = await SqliteSink.open(log, options);
      const of = (n: number, trace: number) =>
        sample(n, { trace_id: uuid(10_000 + trace) });
      for (let round = 0; round < 2; round++) {
        await Promise.all(
          Array.from(
            { length: 1000 },
            (_, trace) => sink.append(of(round * 1000 + trace + 1, trace)),
          ),
        );
      }
      for (let n = 0; n < 40; n++) await sink.append(of(5000 + n, n % 20));
      const report = await verifyLog(sink);
      assertEquals(report.violations, []);
      assertEquals([report.events, report.traces], [2040, 1000]);
    });
  });
}

Deno.test("checkpoint tells of a log in memory, which has no write-ahead log", async () => {
  await using sink = await SqliteSink.open(":memory:", { driver: "builtin" });
  await sink.append(sample(1));
  const { checkpointsBlocked } = await sink.checkpoint();
  assertEquals(checkpointsBlocked, 0);
});
