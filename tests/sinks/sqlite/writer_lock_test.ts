import { assert, assertEquals, assertRejects } from "@std/assert";
import { SinkError, SqliteSink } from "../../../sinks/mod.ts";
import { hasWalResetBug } from "../../../sinks/sqlite/wal_reset_bug.ts";
import { takeWriterLock } from "../../../sinks/sqlite/writer_lock.ts";
import {
  appendElsewhere,
  numbers,
  rejectsWith,
  sample,
  withFolder,
} from "./_helpers.ts";

const SAFE = "3.53.0";
const UNSAFE = "3.40.1";

Deno.test("lesson 1: takeWriterLock lets in whoever is safe beside whoever is safe", async () => {
  const cases = [
    [SAFE, SAFE, true],
    [SAFE, UNSAFE, false],
    [UNSAFE, SAFE, false],
    [UNSAFE, UNSAFE, false],
  ] as const;
  for (const [first, second, isLetIn] of cases) {
    await withFolder(async (log) => {
      using _first = await takeWriterLock(log, first);
      if (isLetIn) {
        using _second = await takeWriterLock(log, second);
        return;
      }
      const error = await rejectsWith(
        takeWriterLock(log, second),
        "unsafe_sqlite",
        "3.51.3",
      );
      assert(error.message.includes(log));
    });
  }
});

Deno.test("takeWriterLock lets in the next when the first is let go of", async () => {
  await withFolder(async (log) => {
    const first = await takeWriterLock(log, UNSAFE);
    first[Symbol.dispose]();
    using _second = await takeWriterLock(log, UNSAFE);
    await assertRejects(() => takeWriterLock(log, SAFE), SinkError);
  });
});

Deno.test("takeWriterLock touches no file but the lock beside the log", async () => {
  await withFolder(async (log, folder) => {
    using _lock = await takeWriterLock(log, SAFE);
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    assertEquals(names, ["log.db-zu-lock"]);
  });
});

/** Whether the system's SQLite has the bug; the builtin one has not. */
const system = await SqliteSink.open(":memory:", { driver: "ffi" });
await system.close();
const ignore = !hasWalResetBug(system.sqliteVersion);

for (
  const [first, second] of [
    ["ffi", "ffi"],
    ["builtin", "ffi"],
    ["ffi", "builtin"],
  ] as const
) {
  Deno.test({
    name:
      `lesson 1: a second writer (${second}) is refused beside a first (${first}) where SQLite is unsafe`,
    // Where the system's SQLite is sound there is nothing to refuse.
    ignore,
    fn: () =>
      withFolder(async (log) => {
        {
          await using sink = await SqliteSink.open(log, { driver: first });
          assert(!sink.supports.sharedWriters || first === "builtin");
          await sink.append(sample(1));
          const open = () => SqliteSink.open(log, { driver: second });
          await rejectsWith(open(), "unsafe_sqlite", "readOnly");
          const elsewhere = await appendElsewhere([log, second, 11, 1, 1]);
          assertEquals(elsewhere.code, "unsafe_sqlite");
          // Reading is safe, since a reader neither writes nor checkpoints.
          await using reader = await SqliteSink.open(log, {
            driver: first,
            readOnly: true,
          });
          await sink.append(sample(2));
          assertEquals(numbers(await reader.query()), [1, 2]);
          await rejectsWith(reader.append(sample(3)), "read_only");
          await rejectsWith(reader.checkpoint(), "read_only");
        }
        const elsewhere = await appendElsewhere([log, second, 3, 1, 1]);
        assertEquals(elsewhere.acknowledged, [3]);
      }),
  });
}
