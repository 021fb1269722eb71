import { assert, assertEquals } from "@std/assert";
import { SqliteSink, type SqliteSinkOptions } from "../../../sinks/mod.ts";
import {
  assertHolds,
  numbers,
  rejectsWith,
  sample,
  samples,
  soon,
  upTo,
  withFolder,
} from "./_helpers.ts";

/** Every worker that is started while a test runs. */
class Workers implements Disposable {
  readonly started: Worker[] = [];
  readonly ended: Worker[] = [];
  readonly #real = globalThis.Worker;

  constructor() {
    const { started, ended } = this;
    globalThis.Worker = class extends this.#real {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        started.push(this);
      }
      override terminate(): void {
        ended.push(this);
        super.terminate();
      }
    };
  }

  /** Tells the sink that a thread has died, as the runtime does. */
  kill(worker: Worker | undefined): void {
    worker!.dispatchEvent(
      new ErrorEvent("error", {
        message: "killed by a test",
        cancelable: true,
      }),
    );
  }

  [Symbol.dispose](): void {
    globalThis.Worker = this.#real;
  }
}

async function withWorkers(
  options: SqliteSinkOptions,
  test: (sink: SqliteSink, workers: Workers, log: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (log) => {
    using workers = new Workers();
    {
      await using sink = await SqliteSink.open(log, options);
      await test(sink, workers, log);
    }
    assertEquals(
      new Set(workers.ended),
      new Set(workers.started),
      "every thread was ended",
    );
  });
}

for (const driver of ["ffi", "builtin"] as const) {
  Deno.test(`Threads fail what was asked of a writer that dies, and start another (${driver})`, async () => {
    await withWorkers({ driver }, async (sink, workers) => {
      await sink.append(sample(1));
      const [writer] = workers.started;
      const pending = sink.append(sample(2));
      // The group is handed over within some microtasks; then the thread dies.
      await Promise.resolve();
      workers.kill(writer);
      const error = await Promise.allSettled([soon("the append", pending)]);
      // Whether it was handed over before or not, the caller is told.
      if (error[0].status === "rejected") {
        assertEquals(error[0].reason.code, "io");
        assert(error[0].reason.message.includes("killed by a test"));
      }
      await soon("the next append", sink.append(sample(3)));
      await sink.append(sample(2));
      const log = numbers(await sink.query());
      assertEquals(log.toSorted(), [1, 2, 3]);
      await assertHolds(sink, log);
    });
  });

  Deno.test(`Threads start one reader in place of one that died, however many ask (${driver})`, async () => {
    await withWorkers({ driver }, async (sink, workers) => {
      await sink.appendAll(samples(3));
      assertEquals(workers.started.length, 2);
      workers.kill(workers.started[1]);
      const reads = Array.from({ length: 8 }, () => sink.query());
      for (const read of reads) {
        assertEquals(numbers(await soon("a read", read)), upTo(3));
      }
      assertEquals(workers.started.length, 3);
    });
  });
}

Deno.test("Threads try again after a thread could not be started", async () => {
  await withWorkers({ driver: "builtin" }, async (sink, workers, log) => {
    await sink.append(sample(1));
    // With the name gone there is nothing to open for reading.
    await Deno.rename(log, `${log}-away`);
    workers.kill(workers.started[1]);
    await rejectsWith(sink.query(), "io");
    await Deno.rename(`${log}-away`, log);
    assertEquals(numbers(await sink.query()), [1]);
  });
});

Deno.test("Threads do not blame the driver for a thread that dies as it starts", async () => {
  await withWorkers({ driver: "builtin" }, async (sink, workers) => {
    await sink.append(sample(1));
    workers.kill(workers.started[1]);
    const read = sink.query();
    while (workers.started.length < 3) await Promise.resolve();
    workers.kill(workers.started[2]);
    await rejectsWith(read, "io", "killed by a test");
    assertEquals(numbers(await sink.query()), [1]);
  });
});

Deno.test("lesson 1: a writer that was started anew does not take old heads for fresh", async () => {
  const driver = "builtin";
  await withWorkers({ driver }, async (sink, workers, log) => {
    await sink.append(sample(1));
    workers.kill(workers.started[0]);
    {
      await using other = await SqliteSink.open(log, { driver });
      await other.append(sample(2));
    }
    await sink.append(sample(3));
    await assertHolds(sink, [1, 2, 3]);
  });
});

Deno.test("Threads close although one has died", async () => {
  await withFolder(async (log) => {
    using workers = new Workers();
    const sink = await SqliteSink.open(log, { driver: "builtin" });
    await sink.append(sample(1));
    for (const worker of workers.started) workers.kill(worker);
    await soon("close", sink.close());
    await using again = await SqliteSink.open(log, { driver: "builtin" });
    await assertHolds(again, [1]);
  });
});

Deno.test("Threads tell that a log in memory went with its thread", async () => {
  using workers = new Workers();
  const sink = await SqliteSink.open(":memory:", { driver: "builtin" });
  await sink.append(sample(1));
  workers.kill(workers.started[0]);
  await rejectsWith(sink.query(), "io", "in memory");
  await rejectsWith(sink.append(sample(2)), "io", "in memory");
  await soon("close", sink.close());
});

Deno.test("Threads are all ended when a log was opened and closed fifty times", async () => {
  await withFolder(async (log) => {
    using workers = new Workers();
    for (let n = 1; n <= 50; n++) {
      const driver = n % 2 === 0 ? "ffi" : "builtin";
      await using sink = await SqliteSink.open(log, { driver });
      await sink.append(sample(n));
    }
    assertEquals([workers.started.length, workers.ended.length], [100, 100]);
    await using sink = await SqliteSink.open(log, { driver: "builtin" });
    await assertHolds(sink, upTo(50));
  });
});

Deno.test("Threads are ended where opening fails", async () => {
  await withFolder(async (log, folder) => {
    using workers = new Workers();
    await Deno.writeTextFile(
      log,
      "This is no database, but some text. ".repeat(99),
    );
    const open = (path: string, options: SqliteSinkOptions) =>
      SqliteSink.open(path, { driver: "builtin", ...options });
    await rejectsWith(open(log, {}), "not_a_log");
    await rejectsWith(open(log, { readOnly: true }), "not_a_log");
    await rejectsWith(open(`${folder}/none/log.db`, {}), "io");
    await rejectsWith(open(`${folder}/none.db`, { readOnly: true }), "io");
    // Two for a log that is written to, one for a log that is read.
    assertEquals(workers.started.length, 2 * (2 + 1));
    assertEquals(new Set(workers.ended), new Set(workers.started));
  });
});
