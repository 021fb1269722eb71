/**
 * What @db/sqlite promises and this project relies on. These tests run on the
 * link, and without a change on the registry's package. What only the link
 * promises is in db_sqlite_link_test.ts.
 */
import {
  Database,
  isComplete,
  SQLITE_SOURCEID,
  SQLITE_VERSION,
  SqliteError,
} from "@db/sqlite";
import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertInstanceOf,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
  equal,
} from "@std/assert";
import { withTempDir } from "./_temp_dir.ts";

type Value = number | string | bigint | boolean | null | Uint8Array;

/** Calls a function with a database in memory, and closes it afterwards. */
function withDatabase(
  fn: (db: Database) => void,
  options: { int64?: boolean } = { int64: true },
): void {
  const db = new Database(":memory:", options);
  try {
    fn(db);
  } finally {
    db.close();
  }
}

/** Stores a value in a table and reads it back, with SQLite's name of its type. */
function roundTrip(db: Database, value: Value): [unknown, string] {
  db.exec("CREATE TABLE IF NOT EXISTS stored (value)");
  db.exec("DELETE FROM stored");
  db.prepare("INSERT INTO stored VALUES (?)").run(value);
  const row = db.prepare("SELECT value, typeof(value) FROM stored")
    .value<[unknown, string]>();
  assert(row);
  return row;
}

Deno.test("Database reads back each type of column", () => {
  withDatabase((db) => {
    const values: [Value, unknown, string][] = [
      [null, null, "null"],
      [true, 1, "integer"],
      [false, 0, "integer"],
      [42, 42, "integer"],
      [1.5, 1.5, "real"],
      [0.1 + 0.2, 0.1 + 0.2, "real"],
      [-123456.789, -123456.789, "real"],
      [5e-324, 5e-324, "real"],
      [Infinity, Infinity, "real"],
      [NaN, null, "null"],
      ["text", "text", "text"],
      [new Uint8Array([0, 1, 255]), new Uint8Array([0, 1, 255]), "blob"],
    ];
    for (const [value, read, type] of values) {
      assertEquals(roundTrip(db, value), [read, type]);
    }
  });
});

Deno.test("Database with int64 reads 64-bit integers exactly", () => {
  withDatabase((db) => {
    const numbers = [0, 1, -1]
      .concat([2 ** 31, 2 ** 32, 2 ** 48].flatMap((n) => [n - 1, n, n + 1]))
      .concat(Number.MAX_SAFE_INTEGER)
      .flatMap((n) => [n, 0 - n]);
    for (const number of numbers) {
      assertEquals(roundTrip(db, number), [number, "integer"]);
      assertEquals(roundTrip(db, BigInt(number)), [number, "integer"]);
    }
    const bigints = [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n];
    for (const bigint of bigints.flatMap((n) => [n, -n]).concat(-(2n ** 63n))) {
      assertEquals(roundTrip(db, bigint), [bigint, "integer"]);
    }
  });
});

Deno.test("Database without int64 reads 32-bit integers exactly", () => {
  withDatabase((db) => {
    for (const number of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      assertEquals(roundTrip(db, number), [number, "integer"]);
    }
    db.int64 = true;
    assertEquals(roundTrip(db, 2 ** 40), [2 ** 40, "integer"]);
  }, {});
});

Deno.test("Statement.enableInt64 takes the place of the database's setting", () => {
  withDatabase((db) => {
    using statement = db.prepare("SELECT 1099511627776").enableInt64();
    assertEquals(statement.value(), [2 ** 40]);
  }, {});
});

Deno.test("Database reads back texts of every kind and length", () => {
  withDatabase((db) => {
    const texts = [
      "",
      " ",
      "é",
      "日本語",
      "👩‍👩‍👧",
      "\ufeffmark",
      "a\nb\tc",
      "\u{10ffff}",
    ];
    for (const length of [63, 64, 65, 21_845, 21_846, 65_536, 1_000_000]) {
      texts.push("x".repeat(length), "ü".repeat(length));
    }
    for (const text of texts) {
      const [read, type] = roundTrip(db, text);
      assert(read === text, `a text of ${text.length} units`);
      assertEquals(type, "text");
    }
  });
});

Deno.test("Database stores a lone surrogate as the replacement character", () => {
  withDatabase((db) => {
    assertEquals(roundTrip(db, "a\ud800"), ["a\ufffd", "text"]);
  });
});

Deno.test("Database stores a text with NULs whole", () => {
  withDatabase((db) => {
    for (const text of ["\0", "a\0b", "a\0", "\0\0é\0"]) {
      roundTrip(db, text);
      assertEquals(
        db.prepare("SELECT CAST(value AS BLOB) FROM stored").value(),
        [new TextEncoder().encode(text)],
      );
    }
  });
});

Deno.test("Database reads back blobs from 0 B to 64 MB", () => {
  withDatabase((db) => {
    for (const size of [0, 1, 63, 64, 750, 65_536, 65_537, 1 << 20, 1 << 26]) {
      const blob = new Uint8Array(size);
      for (let i = 0; i < size; i += 61) blob[i] = i % 251 + 1;
      const [read, type] = roundTrip(db, blob);
      assertInstanceOf(read, Uint8Array);
      assert(equal(read, blob), `a blob of ${size} bytes`);
      assertEquals(type, "blob");
    }
  });
});

Deno.test("Database binds the part of a buffer that a view shows", () => {
  withDatabase((db) => {
    for (const length of [3, 70_000]) {
      const view = new Uint8Array(length + 9).fill(1).subarray(4, length + 4);
      view[0] = 7;
      assertEquals(roundTrip(db, view), [view.slice(), "blob"]);
    }
  });
});

Deno.test("Database copies blobs, both ways", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE blobs (id INTEGER PRIMARY KEY, data BLOB)");
    const insert = db.prepare("INSERT INTO blobs (data) VALUES (?)");
    const bound = new Uint8Array([1, 2, 3]);
    insert.run(bound);
    bound.fill(9);
    insert.run(bound);
    const select = db.prepare("SELECT data FROM blobs ORDER BY id");
    const first = select.values<[Uint8Array]>();
    assertEquals(first, [[new Uint8Array([1, 2, 3])], [
      new Uint8Array([9, 9, 9]),
    ]]);
    first[0]![0].fill(0);
    assertEquals(select.values()[0], [new Uint8Array([1, 2, 3])]);
  });
});

Deno.test("Statement binds dates as ISO texts and objects as JSON", () => {
  withDatabase((db) => {
    assertEquals(
      db.prepare("SELECT ?, ?, ?").value(1, new Date(0), { a: [1, null] }),
      [1, "1970-01-01T00:00:00.000Z", '{"a":[1,null]}'],
    );
  });
});

Deno.test("Statement binds null, undefined and missing values as NULL", () => {
  withDatabase((db) => {
    const statement = db.prepare("SELECT ?, ?, ?");
    assertEquals(statement.value(1, 2, 3), [1, 2, 3]);
    assertEquals(statement.value(null, undefined, 3), [null, null, 3]);
    assertEquals(statement.value(1), [1, null, null]);
    assertEquals(statement.value(), [null, null, null]);
  });
});

Deno.test("Statement takes its values as a list, an array or an object", () => {
  withDatabase((db) => {
    const byPosition = db.prepare("SELECT ?, ?");
    assertEquals(byPosition.value(1, "b"), [1, "b"]);
    assertEquals(byPosition.value([1, "b"]), [1, "b"]);
    const byName = db.prepare("SELECT :a, @b, $c");
    assertEquals(byName.value({ a: 1, "@b": 2, $c: 3 }), [1, 2, 3]);
    assertEquals(byName.value({ ":a": 1 }), [1, null, null]);
    assertEquals(byName.bindParameterCount, 3);
    assertEquals(byName.bindParameterName(2), "@b");
    assertEquals(byName.bindParameterIndex("a"), 1);
    assertEquals(byName.bindParameterIndex("$c"), 3);
    assertEquals(byName.bindParameterIndex("d"), 0);
  });
});

Deno.test("Statement refuses unknown names, spare values and functions", () => {
  withDatabase((db) => {
    const statement = db.prepare("SELECT :a");
    assertThrows(
      () => statement.get({ b: 1 }),
      Error,
      'No such parameter "b"',
    );
    assertThrows(
      () => statement.get(1, 2),
      SqliteError,
      "25: column index out of range",
    );
    assertThrows(
      () => statement.get((() => 1) as unknown as string),
      Error,
      "Value of unsupported type",
    );
    assertEquals(statement.value(1), [1]);
  });
});

Deno.test("Statement.bind sets the values once and for good", () => {
  withDatabase((db) => {
    const long = new Uint8Array(100_000).fill(5);
    const statement = db.prepare("SELECT ?1 AS a, ?2 AS b").bind("x", long);
    assertEquals(statement.get(), { a: "x", b: long });
    assertEquals(statement.value(), ["x", long]);
    assertThrows(
      () => statement.bind("y", null),
      Error,
      "Statement already bound to values",
    );
  });
});

Deno.test("Statement reads rows as objects, as arrays and one by one", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    db.exec("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL)");
    const objects = [
      { id: 1, name: "a" },
      { id: 2, name: "b" },
      { id: 3, name: null },
    ];
    const arrays = objects.map(({ id, name }) => [id, name]);
    const all = db.prepare("SELECT * FROM t ORDER BY id");
    assertEquals(all.all(), objects);
    assertEquals(all.values(), arrays);
    assertEquals([...all], objects);
    assertEquals([...all.iter()], objects);
    assertEquals(all.get(), objects[0]);
    assertEquals(all.value(), arrays[0]);
    assertEquals(all.columnNames(), ["id", "name"]);

    const after = db.prepare("SELECT * FROM t WHERE id > ? ORDER BY id");
    assertEquals(after.all(1), objects.slice(1));
    assertEquals(after.values(2), arrays.slice(2));
    assertEquals([...after.iter(1)], objects.slice(1));
    assertEquals(after.get(1), objects[1]);
    assertEquals(after.value(1), arrays[1]);

    assertEquals(after.all(3), []);
    assertEquals(after.values(3), []);
    assertEquals([...after.iter(3)], []);
    assertEquals(after.get(3), undefined);
    assertEquals(after.value(3), undefined);
  });
});

Deno.test("Statement gives each row an object of its own", () => {
  withDatabase((db) => {
    const statement = db.prepare("SELECT 1 AS a UNION ALL SELECT 2");
    const [first, second] = statement.all();
    assertEquals([first, second], [{ a: 1 }, { a: 2 }]);
    const again = statement.get();
    assertEquals(again, first);
    assertFalse(again === first);
  });
});

Deno.test("Statement lets the last of two equal column names win", () => {
  withDatabase((db) => {
    const statement = db.prepare("SELECT 1 AS a, 2 AS a");
    assertEquals(statement.get(), { a: 2 });
    assertEquals(statement.all(), [{ a: 2 }]);
    assertEquals(statement.value(), [1, 2]);
  });
});

Deno.test("Statement parses what JSON functions return, unless told not to", () => {
  withDatabase((db) => {
    const statement = db.prepare(`SELECT json('{"a": 1}'), '{"a":1}'`);
    assertEquals(statement.value(), [{ a: 1 }, '{"a":1}']);
    statement.disableParseJson();
    assertEquals(statement.value(), ['{"a":1}', '{"a":1}']);
    statement.defaultParseJson();
    db.parseJson = false;
    assertEquals(statement.value(), ['{"a":1}', '{"a":1}']);
    statement.enableParseJson();
    assertEquals(statement.value(), [{ a: 1 }, '{"a":1}']);
  });
});

Deno.test("Statement.run returns the number of changed rows", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)");
    const insert = db.prepare("INSERT INTO t (n) VALUES (?)");
    for (let n = 1; n <= 4; n++) {
      assertEquals(insert.run(n), 1);
      assertEquals(db.lastInsertRowId, n);
    }
    assertEquals(db.prepare("UPDATE t SET n = 0 WHERE n > ?").run(1), 3);
    assertEquals(db.changes, 3);
    assertEquals(db.totalChanges, 7);
  });
});

Deno.test("Statement reads what RETURNING returns", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)");
    const insert = db.prepare("INSERT INTO t (n) VALUES (?), (?) RETURNING id");
    assertEquals(insert.values(1, 2), [[1], [2]]);
    assertEquals(insert.get(3, 4), { id: 3 });
    assertEquals(insert.run(5, 6), 2);
    assertEquals(db.prepare("SELECT count(*) FROM t").value(), [6]);
    assert(db.autocommit);
  });
});

Deno.test("Statement tells its text, its values and whether it writes", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE t (a, b)");
    const insert = db.prepare("INSERT INTO t VALUES (?, ?)");
    assertEquals(insert.sql, "INSERT INTO t VALUES (?, ?)");
    assertFalse(insert.readonly);
    assert(db.prepare("SELECT * FROM t").readonly);
    insert.bind("it's", 2);
    assertEquals(insert.expandedSql, "INSERT INTO t VALUES ('it''s', 2)");
    assertEquals(`${insert}`, insert.expandedSql);
  });
});

Deno.test("Database.exec runs all statements of a text", () => {
  withDatabase((db) => {
    const changed = db.exec(`
      CREATE TABLE t (n); -- a comment; with a semicolon
      INSERT INTO t VALUES (1), (2);
      UPDATE t SET n = n + 1;
    `);
    assertEquals(changed, 2);
    assertEquals(db.exec("INSERT INTO t VALUES (?)", 9), 1);
    assertEquals(db.run("INSERT INTO t VALUES (:n)", { n: 8 }), 1);
    assertEquals(db.prepare("SELECT n FROM t").values(), [[2], [3], [9], [8]]);
  });
});

Deno.test("Database.exec keeps what came before the statement that fails", () => {
  withDatabase((db) => {
    assertThrows(
      () => db.exec("CREATE TABLE t (n); SELECT * FROM missing; DROP TABLE t"),
      Error,
      "no such table: missing",
    );
    assertEquals(db.prepare("SELECT count(*) FROM t").value(), [0]);
  });
});

Deno.test("Database.sql makes parameters of a template's values", () => {
  withDatabase((db) => {
    assertEquals(db.sql`SELECT ${1} AS a, ${"'; --"} AS b`, [
      { a: 1, b: "'; --" },
    ]);
  });
});

Deno.test("Database.prepare refuses what is not SQL", () => {
  withDatabase((db) => {
    assertThrows(() => db.prepare("SELEC 1"), Error, 'near "SELEC"');
    assertThrows(() => db.prepare("").run(), SqliteError, "21:");
  });
});

Deno.test("Statement that failed can be run again", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
    const insert = db.prepare("INSERT INTO t (name) VALUES (?)");
    insert.run("a");
    assertThrows(
      () => insert.run("a"),
      Error,
      "UNIQUE constraint failed: t.name",
    );
    assertEquals(insert.run("b"), 1);
    assertEquals(db.prepare("SELECT count(*) FROM t").value(), [2]);
  });
});

Deno.test("Database tells whether a transaction is open", () => {
  withDatabase((db) => {
    assert(db.autocommit);
    assertFalse(db.inTransaction);
    db.exec("BEGIN");
    assertFalse(db.autocommit);
    assert(db.inTransaction);
    db.exec("ROLLBACK");
    assert(db.autocommit);
  });
});

Deno.test("Database.transaction commits when the function returns", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE t (n)");
    const insert = db.prepare("INSERT INTO t VALUES (?)");
    const insertAll = db.transaction((...numbers: number[]) => {
      assert(db.inTransaction);
      for (const number of numbers) insert.run(number);
      return numbers.length;
    });
    assertEquals(insertAll(1, 2), 2);
    assertEquals(insertAll.deferred(3), 1);
    assertEquals(insertAll.immediate(4), 1);
    assertEquals(insertAll.exclusive(5), 1);
    assertEquals(insertAll.immediate.default(6), 1);
    assert(insertAll.database === db);
    assertFalse(db.inTransaction);
    assertEquals(db.prepare("SELECT sum(n) FROM t").value(), [21]);
  });
});

Deno.test("Database.transaction rolls back when the function throws", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE t (n)");
    const failing = db.transaction(() => {
      db.exec("INSERT INTO t VALUES (1)");
      throw new RangeError("on purpose");
    });
    assertThrows(() => failing(), RangeError, "on purpose");
    assertFalse(db.inTransaction);
    assertEquals(db.prepare("SELECT count(*) FROM t").value(), [0]);
  });
});

Deno.test("Database.transaction inside another is a savepoint", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE t (n)");
    const insert = db.transaction((n: number, good: boolean) => {
      db.exec("INSERT INTO t VALUES (?)", n);
      if (!good) throw new Error("on purpose");
    });
    const outer = db.transaction(() => {
      insert(1, true);
      assertThrows(() => insert(2, false), Error, "on purpose");
      db.transaction(() => insert(3, true))();
    });
    outer();
    assertEquals(db.prepare("SELECT n FROM t").values(), [[1], [3]]);
    const failing = db.transaction(() => insert(4, false));
    assertThrows(() => failing(), Error, "on purpose");
    assertFalse(db.inTransaction);
    assertEquals(db.prepare("SELECT count(*) FROM t").value(), [2]);
  });
});

Deno.test("Database.transaction leaves an error that rolled back as it is", () => {
  withDatabase((db) => {
    db.exec("CREATE TABLE t (n UNIQUE ON CONFLICT ROLLBACK)");
    const failing = db.transaction(() => {
      db.exec("INSERT INTO t VALUES (1)");
      db.exec("INSERT INTO t VALUES (1)");
    });
    assertThrows(() => failing(), Error, "UNIQUE constraint failed: t.n");
    assertFalse(db.inTransaction);
  });
});

Deno.test("Database opens files by path and by URL", async () => {
  await withTempDir((dir) => {
    const path = `${dir}/a file.db`;
    const written = new Database(path);
    assert(written.open);
    assertEquals(written.path, path);
    written.exec("CREATE TABLE t (n); INSERT INTO t VALUES (7)");
    written.close();
    assertFalse(written.open);
    const url = new URL(`file://${encodeURI(path)}`);
    const read = new Database(url, { create: false });
    assertEquals(read.path, path);
    assertEquals(read.prepare("SELECT n FROM t").value(), [7]);
    read.close();
  });
});

Deno.test("Database refuses a file that is not there and may not be created", async () => {
  await withTempDir(async (dir) => {
    const path = `${dir}/missing.db`;
    for (const options of [{ create: false }, { readonly: true }]) {
      const error = assertThrows(
        () => new Database(path, options),
        SqliteError,
      );
      assertMatch(error.message, /^14: unable to open database file/);
      assertEquals(error.code, 14);
    }
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  });
});

Deno.test("Database with readonly reads and does not write", async () => {
  await withTempDir((dir) => {
    const path = `${dir}/a.db`;
    const written = new Database(path);
    written.exec("CREATE TABLE t (n); INSERT INTO t VALUES (7)");
    written.close();
    const db = new Database(path, { readonly: true });
    assertEquals(db.prepare("SELECT n FROM t").value(), [7]);
    assertThrows(
      () => db.exec("INSERT INTO t VALUES (8)"),
      Error,
      "attempt to write a readonly database",
    );
    db.close();
  });
});

Deno.test("Database with memory touches no file", async () => {
  await withTempDir(async (dir) => {
    const db = new Database(`${dir}/a.db`, { memory: true });
    db.exec("CREATE TABLE t (n)");
    db.close();
    assertEquals(await Array.fromAsync(Deno.readDir(dir)), []);
  });
});

Deno.test("Database that is busy says so, and can be used afterwards", async () => {
  await withTempDir((dir) => {
    const first = new Database(`${dir}/a.db`);
    first.exec("PRAGMA journal_mode = WAL");
    first.exec("CREATE TABLE t (n)");
    const second = new Database(`${dir}/a.db`);
    second.exec("PRAGMA busy_timeout = 0");
    first.exec("BEGIN IMMEDIATE");
    const insert = second.prepare("INSERT INTO t VALUES (?)");
    for (
      const attempt of [
        () => second.exec("BEGIN IMMEDIATE"),
        () => insert.run(1),
        () => second.transaction(() => insert.run(1)).immediate(),
      ]
    ) {
      assertThrows(attempt, Error, "database is locked");
      assertFalse(second.inTransaction);
    }
    first.exec("COMMIT");
    assertEquals(insert.run(1), 1);
    second.close();
    first.close();
  });
});

Deno.test("Database.close finalizes statements and lets go of the file", async () => {
  await withTempDir(async (dir) => {
    const db = new Database(`${dir}/a.db`);
    db.exec("PRAGMA journal_mode = WAL");
    db.exec("CREATE TABLE t (n); INSERT INTO t VALUES (1)");
    const statement = db.prepare("SELECT n FROM t");
    assertEquals(statement.value(), [1]);
    db.exec("BEGIN; INSERT INTO t VALUES (2)");
    db.close();
    db.close();
    statement.finalize();
    assertFalse(db.inTransaction);
    // The last connection to close removes the log, if nothing keeps it open.
    const files = await Array.fromAsync(Deno.readDir(dir), ({ name }) => name);
    assertEquals(files, ["a.db"]);
    const again = new Database(`${dir}/a.db`);
    assertEquals(again.prepare("SELECT n FROM t").values(), [[1]]);
    again.close();
  });
});

Deno.test("Statement.finalize may be called twice and by `using`", () => {
  withDatabase((db) => {
    const statement = db.prepare("SELECT 1");
    statement.finalize();
    statement.finalize();
    {
      using scoped = db.prepare("SELECT 2");
      assertEquals(scoped.value(), [2]);
    }
    assertEquals(db.prepare("SELECT 3").value(), [3]);
  });
});

Deno.test("Database.backup copies into another database", async () => {
  await withTempDir((dir) => {
    withDatabase((db) => {
      db.exec("CREATE TABLE t (n); INSERT INTO t VALUES (1), (2)");
      const copy = new Database(`${dir}/copy.db`);
      db.backup(copy);
      assertEquals(copy.prepare("SELECT n FROM t").values(), [[1], [2]]);
      copy.close();
    });
  });
});

Deno.test("isComplete tells a whole statement from a part", () => {
  assert(isComplete("SELECT 1;"));
  assertFalse(isComplete("SELECT 1"));
  assertFalse(isComplete("SELECT ';"));
  assertFalse(isComplete(""));
});

Deno.test("SQLITE_VERSION and SQLITE_SOURCEID are those of the library", () => {
  withDatabase((db) => {
    assertEquals(
      db.prepare("SELECT sqlite_version(), sqlite_source_id()").value(),
      [SQLITE_VERSION, SQLITE_SOURCEID],
    );
  });
  assertMatch(SQLITE_VERSION, /^3\.\d+\.\d+$/);
});

Deno.test("SqliteError carries SQLite's code", () => {
  const error = new SqliteError(5, "database is locked");
  assertInstanceOf(error, Error);
  assertEquals(error.name, "SqliteError");
  assertEquals(error.code, 5);
  assertEquals(error.message, "5: database is locked");
});

Deno.test("Database gives each connection a handle of its own", () => {
  withDatabase((a) => {
    withDatabase((b) => {
      assertNotEquals(
        Deno.UnsafePointer.value(a.unsafeHandle),
        Deno.UnsafePointer.value(b.unsafeHandle),
      );
      assertGreater(Deno.UnsafePointer.value(a.unsafeHandle), 0n);
    });
  });
});
