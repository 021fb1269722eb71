import { assert, assertEquals } from "@std/assert";
import { JsonlSink } from "../../../sinks/jsonl_sink.ts";
import type { SinkErrorCode } from "../../../sinks/mod.ts";
import {
  assertHolds,
  type Call,
  errno,
  gate,
  rejectsWith,
  sample,
  samples,
  watchedOps,
  withFolder,
} from "./_helpers.ts";

/** Whether a call writes to the log itself. */
function isLogWrite({ op, path }: Call): boolean {
  return op === "write" && path.endsWith(".jsonl");
}

Deno.test("lesson 13: JsonlSink stores an append that was queued behind a failed write", async () => {
  await withFolder(async (_folder, log) => {
    let failing = 0;
    const fileOps = watchedOps((call) => {
      if (isLogWrite(call) && failing > 0) {
        failing--;
        throw errno("EIO");
      }
    });
    await using sink = new JsonlSink(log, { fileOps, fsync: "always" });
    await sink.append(sample(1));
    failing = 1;
    const [failed, queued] = await Promise.allSettled([
      rejectsWith(sink.append(sample(2)), "io"),
      sink.append(sample(3)),
    ]);
    assert(failed.status === "fulfilled" && queued.status === "fulfilled");
    assert(failed.value.cause instanceof Error, "the cause is kept");
    assertEquals(queued.value.seq, 2);
    await assertHolds(sink, [1, 3]);
    // What failed was not stored, so it can be appended again.
    await sink.append(sample(2));
    await assertHolds(sink, [1, 3, 2]);
  });
});

const FAULTS: [string, SinkErrorCode][] = [
  ["ENOSPC", "disk_full"],
  ["EDQUOT", "disk_full"],
  ["EROFS", "read_only"],
  ["EACCES", "read_only"],
  ["EIO", "io"],
];

for (const [code, expected] of FAULTS) {
  Deno.test(`lesson 2: JsonlSink cuts a write off that ended in ${code} half way, and says ${expected}`, async () => {
    await withFolder(async (_folder, log) => {
      let step = 0;
      const fileOps = watchedOps((call) => {
        if (!isLogWrite(call) || step === 0) return;
        if (step++ === 1) return 100;
        step = 0;
        throw errno(code);
      });
      await using sink = new JsonlSink(log, { fileOps });
      await sink.append(sample(1));
      const before = await Deno.readFile(log);
      step = 1;
      await rejectsWith(sink.appendAll(samples(3, 2)), expected, code);
      assertEquals(await Deno.readFile(log), before);
      await sink.appendAll(samples(3, 2));
      await assertHolds(sink, [1, 2, 3, 4]);
    });
  });
}

Deno.test("JsonlSink writes on where the system takes a few bytes at a time", async () => {
  await withFolder(async (_folder, log) => {
    const fileOps = watchedOps((call) => isLogWrite(call) ? 7 : undefined);
    await using sink = new JsonlSink(log, { fileOps });
    await sink.appendAll(samples(3));
    await assertHolds(sink, [1, 2, 3]);
  });
});

Deno.test("lesson 18: JsonlSink rejects what a failed fsync leaves in doubt, and keeps none of it", async () => {
  for (const fsync of ["always", "batch"] as const) {
    await withFolder(async (_folder, log) => {
      let isFailing = false;
      const fileOps = watchedOps(({ op }) => {
        if (op !== "syncData" || !isFailing) return;
        isFailing = false;
        throw errno("EIO");
      });
      {
        await using sink = new JsonlSink(log, { fileOps, fsync });
        await sink.append(sample(1));
        const before = await Deno.readFile(log);
        isFailing = true;
        await rejectsWith(sink.append(sample(2)), "io", "EIO");
        assertEquals(await Deno.readFile(log), before);
        await sink.append(sample(3));
        await assertHolds(sink, [1, 3]);
      }
      await using again = new JsonlSink(log);
      await assertHolds(again, [1, 3]);
    });
  }
});

Deno.test("lesson 18: JsonlSink refuses appends until a failed one has been cut off", async () => {
  await withFolder(async (_folder, log) => {
    let isFailing = false;
    const fileOps = watchedOps(({ op, path }) => {
      if (!isFailing || !path.endsWith(".jsonl")) return;
      if (op === "syncData" || op === "truncate") throw errno("EIO");
    });
    await using sink = new JsonlSink(log, { fileOps });
    await sink.append(sample(1));
    isFailing = true;
    await rejectsWith(sink.append(sample(2)), "io");
    await rejectsWith(sink.append(sample(3)), "io", "refused until");
    await rejectsWith(sink.append(sample(3)), "io", "refused until");
    // What was stored before can still be read.
    await assertHolds(sink, [1]);
    isFailing = false;
    await sink.append(sample(4));
    await assertHolds(sink, [1, 4]);
  });
});

Deno.test("JsonlSink shows readers nothing that is not stored for good", async () => {
  await withFolder(async (_folder, log) => {
    const reached = gate();
    const release = gate();
    let isHeld = false;
    const fileOps = watchedOps(async ({ op }) => {
      if (op !== "syncData" || !isHeld) return;
      reached.open();
      await release.passed;
      throw errno("EIO");
    });
    await using sink = new JsonlSink(log, { fileOps });
    await sink.append(sample(1));
    const follow = sink.stream({}, { follow: true });
    const seen: number[] = [];
    const following = (async () => {
      for await (const { seq, event } of follow) {
        seen.push(seq, event.payload.n as number);
      }
    })();
    isHeld = true;
    const failed = rejectsWith(sink.append(sample(2)), "io");
    await reached.passed;
    const { size } = await Deno.stat(log);
    assert(size > 500, "the line is in the file already");
    isHeld = false;
    release.open();
    await failed;
    await sink.append(sample(3));
    await sink.close();
    await following;
    assertEquals(seen, [1, 1, 2, 3]);
  });
});

Deno.test("JsonlSink gathers the appends that come during an fsync into one", async () => {
  await withFolder(async (_folder, log) => {
    let syncs = 0;
    const release = gate();
    const reached = gate();
    const fileOps = watchedOps(async ({ op, path }) => {
      if (op !== "syncData" || !path.endsWith(".jsonl")) return;
      if (++syncs !== 2) return;
      reached.open();
      await release.passed;
    });
    await using sink = new JsonlSink(log, { fileOps });
    await sink.open();
    const first = sink.append(sample(1));
    await reached.passed;
    const others = samples(20, 2).map((event) => sink.append(event));
    release.open();
    await Promise.all([first, ...others]);
    assertEquals(syncs, 3, "one at open, one for the first, one for the rest");
    await assertHolds(sink, Array.from({ length: 21 }, (_, i) => i + 1));
  });
});

Deno.test("JsonlSink syncs each append by itself with always, and none with never", async () => {
  for (const [fsync, expected] of [["always", 5], ["never", 0]] as const) {
    await withFolder(async (_folder, log) => {
      let syncs = 0;
      const fileOps = watchedOps(({ op }) => {
        if (op === "syncData") syncs++;
      });
      await using sink = new JsonlSink(log, { fileOps, fsync });
      await sink.open();
      syncs = 0;
      await Promise.all(samples(5).map((event) => sink.append(event)));
      assertEquals(syncs, expected);
    });
  }
});

Deno.test("JsonlSink refuses what would overfill its queue, and takes it later", async () => {
  await withFolder(async (_folder, log) => {
    const release = gate();
    const fileOps = watchedOps(async ({ op }) => {
      if (op === "resolve") await release.passed;
    });
    await using sink = new JsonlSink(log, { fileOps, queueMax: 3 });
    const waiting = samples(3).map((event) => sink.append(event));
    await rejectsWith(sink.append(sample(4)), "overloaded", "queueMax is 3");
    release.open();
    await Promise.all(waiting);
    await rejectsWith(sink.appendAll(samples(4, 5)), "overloaded");
    await sink.append(sample(4));
    await assertHolds(sink, [1, 2, 3, 4]);
  });
});

Deno.test("JsonlSink opens nothing until it is used, and can be used after an open that failed", async () => {
  await withFolder(async (_folder, log) => {
    const calls: string[] = [];
    let isFailing = true;
    const fileOps = watchedOps(({ op, path }) => {
      calls.push(op);
      if (isFailing && op === "open" && path === log) throw errno("EIO");
    });
    await using sink = new JsonlSink(log, { fileOps });
    assertEquals(calls, []);
    await rejectsWith(sink.append(sample(1)), "io", "open the log");
    await rejectsWith(sink.count(), "io");
    isFailing = false;
    await sink.append(sample(1));
    await assertHolds(sink, [1]);
  });
});

Deno.test("JsonlSink gives every descriptor back, whichever operation an open fails at", async () => {
  await withFolder(async (_folder, log) => {
    {
      await using sink = new JsonlSink(log, { maxBytes: 600 });
      for (const event of samples(4)) await sink.append(event);
    }
    await Deno.remove(`${log}.index`);
    await Deno.writeTextFile(log, '{"torn', { append: true });
    for (let failAt = 1;; failAt++) {
      let count = 0;
      const fileOps = watchedOps(() => {
        if (++count === failAt) throw errno("EIO");
      });
      const sink = new JsonlSink(log, { fileOps, maxBytes: 600 });
      const failure = await sink.open().then(() => undefined, (error) => error);
      await sink.close();
      // The sanitizers see a descriptor that is left, and the lock shows here.
      await using next = new JsonlSink(log, { maxBytes: 600 });
      await assertHolds(next, [1, 2, 3, 4]);
      if (failure === undefined && count < failAt) break;
      assert(failAt < 500);
    }
  });
});

Deno.test("JsonlSink refuses an event over eventBytesMax, and stores its neighbours", async () => {
  await withFolder(async (_folder, log) => {
    await using sink = new JsonlSink(log, { eventBytesMax: 1024 });
    const large = sample(2, { payload: { text: "ü".repeat(400) } });
    const [, refused] = await Promise.all([
      sink.append(sample(1)),
      rejectsWith(sink.append(large), "invalid_event", "eventBytesMax is 1024"),
      sink.append(sample(3)),
    ]);
    assertEquals(refused.event_id, large.event_id);
    await assertHolds(sink, [1, 3]);
  });
});

Deno.test("lesson 4: JsonlSink does not call an id taken by an event that could not be stored", async () => {
  await withFolder(async (_folder, log) => {
    let isFailing = false;
    const fileOps = watchedOps((call) => {
      if (isLogWrite(call) && isFailing) throw errno("EIO");
    });
    await using sink = new JsonlSink(log, { fileOps });
    await sink.append(sample(1));
    isFailing = true;
    // Both come in one group, and neither is stored.
    await Promise.all([
      rejectsWith(sink.append(sample(2)), "io"),
      rejectsWith(sink.append(sample(2, { payload: { n: "other" } })), "io"),
    ]);
    isFailing = false;
    await Promise.all([
      sink.append(sample(2)),
      rejectsWith(
        sink.append(sample(2, { payload: { n: "other" } })),
        "duplicate_id",
      ),
    ]);
    await assertHolds(sink, [1, 2]);
  });
});
