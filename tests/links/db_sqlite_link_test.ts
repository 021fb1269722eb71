/**
 * What the link in links/db_sqlite promises beyond the registry's package: that
 * misuse and values it cannot keep are errors, and that no use is a crash. The
 * link is imported by its path, so that these tests always run on it.
 */
import {
  Database,
  SqliteError,
  type Statement,
} from "../../links/db_sqlite/mod.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { withTempDir } from "./_temp_dir.ts";

const SQLITE_MISUSE = 21;
const LINK = "../../links/db_sqlite/mod.ts";

function withDatabase(fn: (db: Database) => void): void {
  const db = new Database(":memory:", { int64: true });
  try {
    fn(db);
  } finally {
    db.close();
  }
}

function assertMisuse(fn: () => unknown, message: string): void {
  const error = assertThrows(fn, SqliteError, message);
  assertEquals(error.code, SQLITE_MISUSE);
}

/** Runs a module in a process of its own, and returns what that said. */
async function runModule(
  path: string,
  flags: string[],
  env: Record<string, string> = {},
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-config",
      "--no-lock",
      "--no-check",
      "--no-prompt",
      ...flags,
      new URL(path, import.meta.url).href,
    ],
    env: { DENO_SQLITE_PATH: "", NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return {
    success,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

Deno.test("Database reads back a text with NULs whole", () => {
  withDatabase((db) => {
    for (const text of ["\0", "a\0b", "a\0", "\0\0é\0日", "\ufeff\0"]) {
      assertEquals(db.prepare("SELECT ?").value(text), [text]);
      assertEquals(db.prepare("SELECT ? AS t").all(text), [{ t: text }]);
    }
  });
});

Deno.test("Database stores what is beyond 64 bits as a real, or not at all", () => {
  withDatabase((db) => {
    const statement = db.prepare("SELECT ?1, typeof(?1)");
    for (const number of [2 ** 63, -(2 ** 64), Number.MAX_VALUE]) {
      assertEquals(statement.value(number), [number, "real"]);
    }
    assertEquals(statement.value(-(2 ** 63)), [-(2n ** 63n), "integer"]);
    for (const bigint of [2n ** 63n, -(2n ** 63n) - 1n, 2n ** 64n + 5n]) {
      assertThrows(() => statement.value(bigint), RangeError, `${bigint}`);
    }
    assertEquals(statement.value(-0), [0, "integer"]);
  });
});

Deno.test("Database without int64 refuses integers beyond 32 bits", () => {
  withDatabase((db) => {
    db.int64 = false;
    const statement = db.prepare("SELECT ? AS big");
    for (const number of [2 ** 31, -(2 ** 31) - 1, 2 ** 53]) {
      assertThrows(() => statement.get(number), RangeError, '"big"');
    }
    assertEquals(statement.get(2 ** 31 - 1), { big: 2 ** 31 - 1 });
  });
});

Deno.test("Database.lastInsertRowId is exact or an error", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    const insert = db.prepare("INSERT INTO t VALUES (?)");
    for (const id of [2 ** 40, -(2 ** 40), Number.MAX_SAFE_INTEGER]) {
      insert.run(id);
      assertEquals(db.lastInsertRowId, id);
    }
    insert.run(2n ** 62n);
    assertThrows(() => db.lastInsertRowId, RangeError, `${2n ** 62n}`);
  });
});

Deno.test("SqliteError of a failed statement has codes and SQLite's text", () => {
  withDatabase((db) => {
    db.exec(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL)",
    );
    db.exec("INSERT INTO t VALUES (1, 'a')");
    const insert = db.prepare("INSERT INTO t VALUES (?, ?)");
    const cases: [() => unknown, number, number, string][] = [
      [() => insert.run(1, "b"), 19, 1555, "UNIQUE constraint failed: t.id"],
      [() => insert.get(2, "a"), 19, 2067, "UNIQUE constraint failed: t.name"],
      [
        () => insert.all(2, null),
        19,
        1299,
        "NOT NULL constraint failed: t.name",
      ],
      [() => [...insert.iter("x", "c")], 20, 20, "datatype mismatch"],
      [() => db.exec("DROP TABLE nope"), 1, 1, "no such table: nope"],
      [() => db.prepare("SELECT nope"), 1, 1, "no such column: nope"],
      [
        () => db.exec("COMMIT"),
        1,
        1,
        "cannot commit - no transaction is active",
      ],
    ];
    for (const [fn, code, extendedCode, message] of cases) {
      const error = assertThrows(fn, SqliteError);
      assertEquals(
        [error.code, error.extendedCode, error.message, error.name],
        [code, extendedCode, message, "SqliteError"],
      );
    }
    assertEquals(insert.run(2, "b"), 1);
  });
});

Deno.test("SqliteError keeps the primary code of an extended one", () => {
  const error = new SqliteError(2067, "UNIQUE constraint failed");
  assertEquals([error.code, error.extendedCode], [19, 2067]);
  assertEquals(error.message, "19: UNIQUE constraint failed");
});

Deno.test("Database that cannot be opened names its path", async () => {
  await withTempDir((dir) => {
    const path = `${dir}/missing/a.db`;
    const error = assertThrows(() => new Database(path), SqliteError, path);
    assertEquals(error.code, 14);
  });
});

Deno.test("Database takes file URLs only, and reads them as they are meant", async () => {
  await withTempDir((dir) => {
    const db = new Database(new URL(`file://${dir}/100%25 %é.db`));
    assertEquals(db.path, `${dir}/100% %é.db`);
    db.exec("CREATE TABLE t (n)");
    db.close();
    assert(Deno.statSync(`${dir}/100% %é.db`).isFile);
  });
  assertThrows(
    () => new Database(new URL("https://example.com/a.db")),
    TypeError,
    "file: URL",
  );
});

Deno.test("Statement reports that ending it early failed to commit", async () => {
  await withTempDir((dir) => {
    const path = `${dir}/a.db`;
    const writer = new Database(path);
    writer.exec("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)");
    const reader = new Database(path);
    const rows = reader.prepare("SELECT n FROM t UNION ALL SELECT 2").iter();
    assertEquals(rows.next().value, { n: 1 });
    // Without WAL, a reader keeps a writer from committing, and what RETURNING
    // returns is read before the commit.
    const insert = writer.prepare("INSERT INTO t VALUES (?) RETURNING n");
    for (const attempt of [() => insert.get(3), () => insert.run(3)]) {
      const error = assertThrows(attempt, SqliteError, "database is locked");
      assertEquals(error.code, 5);
    }
    rows.return?.();
    assertEquals(insert.value(4), [4]);
    assertEquals(writer.prepare("SELECT n FROM t").values(), [[1], [4]]);
    reader.close();
    writer.close();
  });
});

Deno.test("Database refuses use after close", () => {
  const db = new Database(":memory:");
  const other = new Database(":memory:");
  const statement = db.prepare("SELECT ? AS a");
  const transaction = db.transaction(() => 1);
  db.close();
  const uses: (() => unknown)[] = [
    () => db.exec("SELECT 1"),
    () => db.exec("SELECT ?", 1),
    () => db.run("SELECT 1"),
    () => db.sql`SELECT 1`,
    () => db.prepare("SELECT 1"),
    () => db.changes,
    () => db.totalChanges,
    () => db.lastInsertRowId,
    () => db.autocommit,
    () => db.unsafeHandle,
    () => db.backup(other),
    () => other.backup(db),
    () => transaction(),
  ];
  for (const use of uses) assertMisuse(use, "the database :memory: is closed");
  assertStatementRefuses(statement);
  assertFalse(db.open);
  assertFalse(db.inTransaction);
  other.close();
});

Deno.test("Statement refuses use after finalize", () => {
  withDatabase((db) => {
    const statement = db.prepare("SELECT ? AS a");
    statement.finalize();
    assertStatementRefuses(statement);
    const disposed = db.prepare("SELECT ? AS a");
    disposed[Symbol.dispose]();
    assertStatementRefuses(disposed);
  });
});

function assertStatementRefuses(statement: Statement): void {
  const uses: (() => unknown)[] = [
    () => statement.run(1),
    () => statement.get(1),
    () => statement.all(1),
    () => statement.value(1),
    () => statement.values(1),
    () => [...statement.iter(1)],
    () => [...statement],
    () => statement.bind(1),
    () => statement.columnNames(),
    () => statement.bindParameterName(1),
    () => statement.bindParameterIndex("a"),
    () => statement.readonly,
    () => statement.sql,
    () => statement.expandedSql,
    () => `${statement}`,
    () => statement.unsafeHandle,
  ];
  for (const use of uses) assertMisuse(use, "the statement is finalized");
  assertEquals(Deno.inspect(statement), "Statement { finalized }");
}

Deno.test("Statement.iter stops when the statement is finalized or run anew", () => {
  withDatabase((db) => {
    const sql = "SELECT 1 AS n UNION ALL SELECT 2";
    const overtaken = db.prepare(sql);
    const rows = overtaken.iter();
    assertEquals(rows.next().value, { n: 1 });
    assertEquals(overtaken.value(), [1]);
    assertMisuse(() => rows.next(), "the statement was run anew");
    assertEquals(overtaken.all(), [{ n: 1 }, { n: 2 }]);

    const finalized = db.prepare(sql);
    const more = finalized.iter();
    assertEquals(more.next().value, { n: 1 });
    finalized.finalize();
    assertMisuse(() => more.next(), "the statement is finalized");
    assertEquals(more.next(), { done: true, value: undefined });

    const closed = db.prepare(sql).iter();
    assertEquals(closed.next().value, { n: 1 });
    db.close();
    assertMisuse(() => closed.next(), "the statement is finalized");
  });
});

Deno.test("Statement.iter left early lets go of its transaction", async () => {
  await withTempDir((dir) => {
    const path = `${dir}/a.db`;
    const writer = new Database(path);
    writer.exec("CREATE TABLE t (n); INSERT INTO t VALUES (1), (2)");
    const reader = new Database(path);
    for (const row of reader.prepare("SELECT n FROM t").iter()) {
      assertEquals(row, { n: 1 });
      assertThrows(() => writer.exec("DELETE FROM t"), Error, "is locked");
      break;
    }
    assertEquals(writer.exec("DELETE FROM t"), 2);
    reader.close();
    writer.close();
  });
});

Deno.test("Statement.iter reads the values it was given, whatever becomes of them", () => {
  withDatabase((db) => {
    const long = new Uint8Array(100_000).fill(1);
    const rows = db.prepare("SELECT ?1 AS b UNION ALL SELECT ?1").iter(long);
    assertEquals(rows.next().value, { b: new Uint8Array(100_000).fill(1) });
    long.fill(2);
    long.buffer.transfer();
    assertEquals(rows.next().value, { b: new Uint8Array(100_000).fill(1) });
    assertEquals(rows.next().done, true);
  });
});

Deno.test("Statement does not hold on to long values", () => {
  withDatabase((db) => {
    const statement = db.prepare("SELECT length(?1), ?2");
    assertEquals(statement.value(new Uint8Array(70_000), "x".repeat(30_000)), [
      70_000,
      "x".repeat(30_000),
    ]);
    assertEquals(statement.expandedSql, "SELECT length(NULL), NULL");
    assertEquals(statement.value("ab", 1), [2, 1]);
    assertEquals(statement.expandedSql, "SELECT length('ab'), 1");
    assertThrows(() =>
      statement.value(new Uint8Array(70_000), Symbol() as never)
    );
    assertEquals(statement.expandedSql, "SELECT length(NULL), NULL");
  });
});

Deno.test("Statement sees that a table has changed", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    const statement = db.prepare("SELECT * FROM t");
    assertEquals(statement.all(), [{ a: 1 }]);
    db.exec("ALTER TABLE t ADD COLUMN b DEFAULT 2");
    assertEquals(statement.all(), [{ a: 1, b: 2 }]);
    db.exec("ALTER TABLE t RENAME COLUMN a TO c");
    assertEquals(statement.get(), { c: 1, b: 2 });
    db.exec("ALTER TABLE t DROP COLUMN c");
    assertEquals([...statement], [{ b: 2 }]);
    assertEquals(statement.values(), [[2]]);
  });
});

Deno.test("Statement reads columns whatever their names", () => {
  withDatabase((db) => {
    const row = db.prepare(
      `SELECT 1 AS "a""b", 2 AS "", 3 AS "__proto__", 4 AS "é'\\"`,
    ).all()[0];
    assert(row);
    assertEquals(Object.entries(row), [
      ['a"b', 1],
      ["", 2],
      ["__proto__", 3],
      ["é'\\", 4],
    ]);
    assertEquals(Object.getPrototypeOf(row), Object.prototype);
  });
});

Deno.test("Statement with bound values can be run in every way", () => {
  withDatabase((db) => {
    const statement = db.prepare("SELECT ? AS a").bind("x");
    assertEquals(statement.all(), [{ a: "x" }]);
    assertEquals(statement.values(), [["x"]]);
    assertEquals([...statement], [{ a: "x" }]);
    assertEquals(statement.run(), 0);
    assertThrows(() => statement.get("y"), Error, "already bound");
  });
});

Deno.test("Statement refuses values that would be lost or mangled", () => {
  withDatabase((db) => {
    const statement = db.prepare("SELECT ?, ?");
    const refused: unknown[][] = [
      [new Uint16Array(1), 1],
      [1, new DataView(new ArrayBuffer(1))],
      [1, new ArrayBuffer(1)],
      [{ a: 1 }, 2],
      [[1], 2],
      [1, () => 1],
      [1, Symbol("s")],
    ];
    for (const values of refused) {
      assertThrows(() => statement.get(...values as [string]), TypeError);
    }
    assertThrows(() => db.prepare("SELECT 1").get(1), SqliteError, "25:");
    assertEquals(db.prepare("SELECT 1").value([]), [1]);
    assertThrows(
      () => statement.get(1, new Date(NaN)),
      RangeError,
      "Invalid time value",
    );
    assertEquals(statement.value(1, 2), [1, 2]);
  });
});

Deno.test("Statement binds blobs in shared memory", () => {
  withDatabase((db) => {
    for (const size of [3, 70_000]) {
      const shared = new Uint8Array(new SharedArrayBuffer(size)).fill(7);
      const [read] = db.prepare("SELECT ?").value<[Uint8Array]>(shared) ?? [];
      assertEquals(read, new Uint8Array(size).fill(7));
      assertInstanceOf(read?.buffer, ArrayBuffer);
    }
  });
});

Deno.test("Database refuses a NUL in SQL, names and paths", () => {
  withDatabase((db) => {
    for (
      const use of [
        () => db.exec("SELECT 1\0; DROP TABLE t"),
        () => db.prepare("SELECT 1\0"),
        () => db.prepare("SELECT :a").get({ "a\0b": 1 }),
        () => new Database("a\0b.db"),
      ]
    ) {
      assertThrows(use, TypeError, "NUL character at index");
    }
  });
});

Deno.test("Database.transaction refuses an async function and rolls it back", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE t (n)");
    const transaction = db.transaction(async () => {
      db.exec("INSERT INTO t VALUES (1)");
      await Promise.resolve();
    });
    assertThrows(() => transaction(), TypeError, "async function");
    assertFalse(db.inTransaction);
    assertEquals(db.prepare("SELECT count(*) FROM t").value(), [0]);
  });
});

Deno.test("Database.transaction keeps the error of a function that closes it", () => {
  const db = new Database(":memory:");
  const transaction = db.transaction(() => {
    db.close();
    throw new RangeError("on purpose");
  });
  assertThrows(() => transaction(), RangeError, "on purpose");
});

Deno.test("Database.prepare refuses a text without a statement", () => {
  withDatabase((db) => {
    for (const sql of ["", "  ", "-- nothing", ";"]) {
      assertMisuse(() => db.prepare(sql), "holds no statement");
    }
  });
});

Deno.test({
  name: "Database leaves no file open",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const run = await runModule("./_open_files.ts", ["-A"]);
    assertEquals(run, { success: true, stdout: "0\n", stderr: "" });
  },
});

Deno.test("Statement that nothing refers to is finalized", async () => {
  const { success, stdout, stderr } = await runModule(
    "./_collected_statement.ts",
    ["--allow-ffi", "--v8-flags=--expose-gc"],
  );
  assertEquals(stderr, "");
  assertEquals(stdout, "database table is locked\ndropped\n");
  assert(success);
});

Deno.test("the link finds the system's library by itself", async () => {
  const found = await runModule(LINK, ["--allow-ffi", "--allow-env"]);
  assertEquals(found, { success: true, stdout: "", stderr: "" });
});

Deno.test("the link says what it tried when DENO_SQLITE_PATH is wrong", async () => {
  const path = "/nonsense/libsqlite3.so";
  const { success, stderr } = await runModule(LINK, [
    "--allow-ffi",
    "--allow-env",
  ], {
    DENO_SQLITE_PATH: path,
  });
  assertFalse(success);
  assertStringIncludes(stderr, "Failed to load SQLite3 Dynamic Library");
  assertStringIncludes(stderr, `DENO_SQLITE_PATH is "${path}"`);
  assertStringIncludes(stderr, "Install SQLite");
  assertStringIncludes(stderr, "Caused by");
});

Deno.test("the link refuses a library that is not SQLite", async () => {
  await withTempDir(async (dir) => {
    const path = `${dir}/text.so`;
    await Deno.writeTextFile(path, "not a library");
    const { success, stderr } = await runModule(LINK, [
      "--allow-ffi",
      "--allow-env",
    ], {
      DENO_SQLITE_PATH: path,
    });
    assertFalse(success);
    assertStringIncludes(stderr, `DENO_SQLITE_PATH is "${path}"`);
  });
});

Deno.test("the link asks for no variable that it may not read", async () => {
  const unread = await runModule(LINK, ["--allow-ffi"], {
    DENO_SQLITE_PATH: "/nonsense",
  });
  assertEquals(unread, { success: true, stdout: "", stderr: "" });
});

Deno.test("the link without --allow-ffi says which permission it lacks", async () => {
  const { success, stderr } = await runModule(LINK, []);
  assertFalse(success);
  assertStringIncludes(stderr, "NotCapable");
  assertStringIncludes(stderr, "--allow-ffi");
});
