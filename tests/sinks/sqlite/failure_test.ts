import { assertEquals } from "@std/assert";
import { SinkError } from "../../../sinks/mod.ts";
import {
  fromFailure,
  resultCode,
  toFailure,
} from "../../../sinks/sqlite/failure.ts";

/** As node:sqlite throws: the extended code in errcode. */
const builtin = (errcode: number, message = "…") =>
  Object.assign(new Error(message), { code: "ERR_SQLITE_ERROR", errcode });
/** As @db/sqlite throws: a code where it has one, else words alone. */
const ffi = (message: string, code?: number) =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

const CASES: [name: string, error: unknown, code: string][] = [
  ["SQLITE_BUSY", builtin(5), "locked"],
  ["SQLITE_BUSY_SNAPSHOT", builtin(517), "locked"],
  ["SQLITE_LOCKED", builtin(6), "locked"],
  ["SQLITE_READONLY_DBMOVED", builtin(1032), "read_only"],
  ["SQLITE_IOERR_FSYNC", builtin(1034), "io"],
  ["SQLITE_CORRUPT", builtin(11), "io"],
  ["SQLITE_FULL", builtin(13), "disk_full"],
  ["SQLITE_CANTOPEN", builtin(14), "io"],
  ["SQLITE_NOTADB", builtin(26), "not_a_log"],
  ["SQLITE_ERROR", builtin(1), "io"],
  ["a number from @db/sqlite", ffi("…", 13), "disk_full"],
  ["words: busy", ffi("database is locked"), "locked"],
  ["words: table", ffi("database table is locked: events"), "locked"],
  ["words: full", ffi("database or disk is full"), "disk_full"],
  ["words: readonly", ffi("attempt to write a readonly database"), "read_only"],
  ["words: not a database", ffi("file is not a database"), "not_a_log"],
  ["no error at all", "what", "io"],
  ["nothing", undefined, "io"],
  [
    "a permission to write",
    new Deno.errors.NotCapable("Requires write access"),
    "read_only",
  ],
  [
    "a permission to read",
    new Deno.errors.NotCapable("Requires read access"),
    "io",
  ],
  ["an error of ours", new SinkError("overloaded", "too much"), "overloaded"],
];

for (const [name, error, code] of CASES) {
  Deno.test(`toFailure says ${code} for ${name}`, () => {
    assertEquals(toFailure(error).code, code);
  });
}

Deno.test("resultCode is the primary one, whichever driver threw", () => {
  assertEquals(resultCode(builtin(2067)), 19);
  assertEquals(
    resultCode(ffi("UNIQUE constraint failed: events.event_id")),
    19,
  );
  assertEquals(resultCode(new Error("something else")), undefined);
});

Deno.test("fromFailure says what was tried and found, and keeps the cause", () => {
  const failure = structuredClone(
    toFailure(builtin(517, "database is locked")),
  );
  const error = fromFailure("append", failure);
  assertEquals(error.code, "locked");
  assertEquals(
    error.message,
    "Cannot append: another connection held the lock for the whole " +
      "busyTimeoutMs; try again (database is locked)",
  );
  const { message, code } = error.cause as { message: string; code: number };
  assertEquals([message, code], ["database is locked", 517]);
});
