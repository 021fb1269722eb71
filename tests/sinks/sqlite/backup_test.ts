import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers/promises";
import { SqliteSink, verifyLog } from "../../../sinks/mod.ts";
import {
  CODECS,
  DRIVERS,
  names,
  numbers,
  rejectsWith,
  sample,
  samples,
  soon,
  upTo,
  withSink,
} from "./_helpers.ts";

/** Opens a copy by itself, as somebody does who needs it. */
async function assertCopy(
  path: string,
  options: Parameters<typeof SqliteSink.open>[1],
  least: number,
): Promise<number> {
  await using copy = await SqliteSink.open(path, options);
  const report = await verifyLog(copy);
  assertEquals(report.violations, []);
  assert(report.events >= least, `${report.events} events`);
  assertEquals(numbers(await copy.query()), upTo(report.events));
  await copy.append(sample(90_000));
  return report.events;
}

for (const driver of DRIVERS) {
  for (const [name, codec] of Object.entries(CODECS)) {
    const options = { driver, ctxFields: ["team"], ...codec };
    Deno.test(`backup copies a log that is being written to (${driver}, ${name})`, async () => {
      await withSink(options, async (sink, log, folder) => {
        await sink.appendAll(samples(1000));
        let next = 1001;
        let isDone = false;
        const writing = (async () => {
          while (!isDone) await sink.append(sample(next++));
        })();
        const target = `${folder}/copy.db`;
        await soon("the backup", sink.backup(target));
        isDone = true;
        await writing;
        // The log is whole as well, and so are its locks.
        const { events, violations } = await verifyLog(sink);
        assertEquals([events, violations], [next - 1, []]);
        assertEquals(
          names(folder).filter((file) => file.startsWith("copy")),
          ["copy.db"],
        );
        await assertCopy(target, options, 1000);
        assert(log !== target);
      });
    });
  }

  Deno.test(`lesson 17: appends and the loop go on while backup works (${driver})`, async () => {
    await withSink({ driver }, async (sink, _log, folder) => {
      const payload = { text: "x".repeat(20_000) };
      for (let n = 0; n < 4; n++) {
        await sink.appendAll(samples(250, n * 250 + 1, { payload }));
      }
      let isDone = false;
      const backup = sink.backup(`${folder}/copy.db`).then(() => isDone = true);
      let turns = 0;
      let appends = 0;
      while (!isDone) {
        await setImmediate();
        turns++;
        // What is appended meanwhile is stored meanwhile, since it is awaited.
        if (!isDone && turns % 10 === 0) {
          await sink.append(sample(2000 + appends++));
        }
      }
      await backup;
      assert(turns > 10 && appends > 0, `${turns} turns, ${appends} appends`);
      await using copy = await SqliteSink.open(`${folder}/copy.db`, {
        driver,
        readOnly: true,
      });
      assert(await copy.count() >= 1000);
    });
  });

  Deno.test(`backup copies a log in memory (${driver})`, async () => {
    await withSink({ driver }, async (_sink, _log, folder) => {
      await using memory = await SqliteSink.open(":memory:", { driver });
      await memory.appendAll(samples(20));
      await memory.backup(`${folder}/copy.db`);
      await memory.append(sample(21));
      assertEquals(await assertCopy(`${folder}/copy.db`, { driver }, 20), 20);
    });
  });

  Deno.test(`backup refuses a path that is taken, and leaves it as it is (${driver})`, async () => {
    await withSink({ driver }, async (sink, log, folder) => {
      await sink.append(sample(1));
      const taken = `${folder}/taken`;
      await Deno.writeTextFile(taken, "mine");
      const before = names(folder);
      for (const target of [taken, log, folder]) {
        await rejectsWith(sink.backup(target), "io", "there is a file already");
      }
      await Deno.symlink(`${folder}/nowhere`, `${folder}/link`);
      await rejectsWith(sink.backup(`${folder}/link`), "io");
      await Deno.remove(`${folder}/link`);
      assertEquals(await Deno.readTextFile(taken), "mine");
      assertEquals(names(folder), before);
    });
  });

  Deno.test(`backup leaves nothing behind where it fails (${driver})`, async () => {
    await withSink({ driver }, async (sink, _log, folder) => {
      await sink.append(sample(1));
      const before = names(folder);
      await rejectsWith(sink.backup(`${folder}/none/copy.db`), "io");
      assertEquals(names(folder), before);
      await sink.append(sample(2));
    });
  });

  Deno.test(`backup of a log in memory ends when the sink is closed meanwhile (${driver})`, async () => {
    await withSink({ driver }, async (_sink, _log, folder) => {
      const memory = await SqliteSink.open(":memory:", { driver });
      await memory.appendAll(samples(50));
      const backup = Promise.allSettled([memory.backup(`${folder}/copy.db`)]);
      await soon("close", memory.close());
      const [result] = await soon("the backup", backup);
      if (result!.status === "fulfilled") {
        await assertCopy(`${folder}/copy.db`, { driver }, 50);
      } else {
        assertEquals(result!.reason.code, "closed");
        assertEquals(names(folder).filter((n) => n.startsWith("copy")), []);
      }
    });
  });

  Deno.test(`backup copies what a reader sees, and refuses a closed sink (${driver})`, async () => {
    await withSink({ driver }, async (sink, log, folder) => {
      await sink.appendAll(samples(5));
      const reader = await SqliteSink.open(log, { driver, readOnly: true });
      await reader.backup(`${folder}/copy.db`);
      assertEquals(await assertCopy(`${folder}/copy.db`, { driver }, 5), 5);
      await reader.close();
      await rejectsWith(reader.backup(`${folder}/second.db`), "closed");
    });
  });
}

Deno.test("backup tells what the system says of a path", async () => {
  await withSink({ driver: "builtin" }, async (sink, _log, folder) => {
    await sink.append(sample(1));
    // There is no folder to be written to under a file.
    const under = `${folder}/log.db-zu-lock/copy.db`;
    await rejectsWith(sink.backup(under), "io");
    assertEquals(numbers(await sink.query()), [1]);
  });
});
