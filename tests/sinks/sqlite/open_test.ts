import { assert, assertEquals, assertRejects } from "@std/assert";
import { SqliteSink, type SqliteSinkOptions } from "../../../sinks/mod.ts";
import {
  appendElsewhere,
  assertHolds,
  DRIVERS,
  names,
  numbers,
  rejectsWith,
  sample,
  samples,
  upTo,
  withFolder,
  withRaw,
  withSink,
} from "./_helpers.ts";

const FOREIGN = [
  "CREATE TABLE events(id INTEGER PRIMARY KEY, name TEXT)",
  `CREATE TABLE events(seq INTEGER PRIMARY KEY, event_id, trace_id, task_id,
    parent_id, type, source, data, more)`,
];

for (const driver of DRIVERS) {
  const open = (path: string, options: SqliteSinkOptions = {}) =>
    SqliteSink.open(path, { driver, ...options });

  Deno.test(`SqliteSink.open refuses what is no log, and leaves it as it is (${driver})`, async () => {
    await withFolder(async (log, folder) => {
      const text = "no database, but more than a page of text ".repeat(200);
      await Deno.writeTextFile(log, text);
      for (const readOnly of [false, true]) {
        const error = await rejectsWith(open(log, { readOnly }), "not_a_log");
        assert(error.message.includes(log), error.message);
      }
      assertEquals(await Deno.readTextFile(log), text);
      for (const [n, sql] of FOREIGN.entries()) {
        const path = `${folder}/foreign-${n}.db`;
        withRaw(path, (db) => db.exec(sql));
        const before = await Deno.readFile(path);
        await rejectsWith(open(path), "not_a_log", "another shape");
        await rejectsWith(open(path, { readOnly: true }), "not_a_log");
        assertEquals(await Deno.readFile(path), before);
      }
      const empty = `${folder}/empty.db`;
      await Deno.writeTextFile(empty, "");
      const error = open(empty, { readOnly: true });
      await rejectsWith(error, "not_a_log", "no table");
      await using sink = await open(empty);
      await sink.append(sample(1));
    });
  });

  Deno.test(`SqliteSink.open says what is wrong with a path (${driver})`, async () => {
    await withFolder(async (log, folder) => {
      await rejectsWith(open(`${folder}/none/log.db`), "io", "none");
      await rejectsWith(open(log, { readOnly: true }), "io", log);
      await Deno.mkdir(`${folder}/sub`);
      await rejectsWith(open(`${folder}/sub`), "io", "sub");
      await assertRejects(() => open(""), TypeError, "path");
      await assertRejects(() => open("a\0b"), TypeError, "path");
      const uri = "file:log.db?mode=memory";
      await assertRejects(() => open(uri), TypeError, "no URI");
      assert(!names(folder).includes("log.db"));
    });
  });

  Deno.test(`SqliteSink.open with readOnly creates and changes nothing (${driver})`, async () => {
    await withFolder(async (log, folder) => {
      {
        await using sink = await open(log);
        await sink.appendAll(samples(3));
      }
      await Deno.remove(`${log}-zu-lock`);
      const before = await Deno.readFile(log);
      {
        await using sink = await open(log, { readOnly: true });
        assertEquals(numbers(await sink.query()), [1, 2, 3]);
        await rejectsWith(sink.append(sample(4)), "read_only", "readOnly");
        await rejectsWith(sink.appendAll([]), "read_only");
      }
      assertEquals(await Deno.readFile(log), before);
      assert(!names(folder).includes("log.db-zu-lock"));
    });
  });

  Deno.test(`SqliteSink keeps two logs in memory apart (${driver})`, async () => {
    await using left = await open(":memory:");
    await using right = await open(":memory:");
    await left.appendAll(samples(3));
    assertEquals([await left.count(), await right.count()], [3, 0]);
    assertEquals(left.supports.persistence, false);
    await right.append(sample(1));
    await assertHolds(right, [1]);
    await assertHolds(left, [1, 2, 3]);
  });

  Deno.test(`SqliteSink keeps and finds text with NUL, and numbers to the letter (${driver})`, async () => {
    for (const ctxFields of [[], ["team"]]) {
      await withSink({ driver, ctxFields }, async (sink) => {
        const source = "before\0after";
        const payload = {
          safe: Number.MAX_SAFE_INTEGER,
          least: Number.MIN_SAFE_INTEGER,
          tiny: 5e-324,
          nul: "\0",
          astral: "\u{1f600}",
          ctx: { team: "a\0b" },
        };
        const stored = await sink.append(sample(1, { source, payload }));
        await sink.append(sample(2, { source: "before" }));
        assertEquals(await sink.query({ source }), [stored]);
        assertEquals(await sink.count({ source: "before" }), 1);
        if (ctxFields.length > 0) {
          assertEquals(await sink.count({ team: "a\0b" }), 1);
          assertEquals(await sink.count({ team: "a" }), 0);
        }
        assertEquals(stored.event.payload, payload);
        await assertHolds(sink, [1, 2]);
      });
    }
  });
}

Deno.test("SqliteSink.open takes the builtin driver and asks nobody where FFI is not granted", async () => {
  await withFolder(async (log, folder) => {
    const source = new URL("../../..", import.meta.url).pathname;
    const result = await appendElsewhere([log, "auto", 1, 5, 2], [
      `--allow-read=${folder},${source}`,
      `--allow-write=${folder}`,
    ]);
    assertEquals(result, { acknowledged: upTo(5), driver: "builtin" });
  });
});

Deno.test("SqliteSink.open takes the builtin driver where FFI is granted and its library does not load", async () => {
  await withFolder(async (log) => {
    const at = { DENO_SQLITE_PATH: "/nonsense/libsqlite3.so" };
    const permissions = ["-RWE", "--allow-ffi"];
    const auto = await appendElsewhere([log, "auto", 1, 5, 2], permissions, at);
    assertEquals(auto, { acknowledged: upTo(5), driver: "builtin" });
    const ffi = await appendElsewhere([log, "ffi", 6, 5, 2], permissions, at);
    assertEquals(ffi.code, "driver_unavailable");
    assert(ffi.message!.includes('driver "builtin"'), ffi.message);
  });
});

Deno.test("SqliteSink.open says which permission is missing", async () => {
  await withFolder(async (log, folder) => {
    const source = new URL("../../..", import.meta.url).pathname;
    const read = `--allow-read=${folder},${source}`;
    const ffi = await appendElsewhere([log, "ffi", 1, 1, 1], [read]);
    assertEquals(ffi.code, "driver_unavailable");
    assert(ffi.message!.includes("--allow-ffi"), ffi.message);
    const args = [log, "builtin", 1, 1, 1];
    const noWrite = await appendElsewhere(args, [read]);
    assertEquals(noWrite.code, "read_only");
    assert(/-zu-lock/.test(noWrite.message!), noWrite.message);
    const lockOnly = `--allow-write=${log}-zu-lock`;
    const noFile = await appendElsewhere(args, [read, lockOnly]);
    assertEquals(noFile.code, "read_only", noFile.message);
    assertEquals(names(folder), ["log.db-zu-lock"]);
  });
});
