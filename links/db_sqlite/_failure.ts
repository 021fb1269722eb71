import { SQLITE_MISUSE } from "./_constants.ts";
import { sqlite } from "./_library.ts";
import { readCString } from "./_text.ts";
import { SqliteError } from "./sqlite_error.ts";

/** The error of the last call on a connection, to be made before any other. */
export function databaseError(db: Deno.PointerValue): SqliteError {
  const text = readCString(sqlite.sqlite3_errmsg(db));
  const error = new SqliteError(sqlite.sqlite3_extended_errcode(db), text);
  // For an error of a connection, the registry's package gives SQLite's text
  // alone, so what reads the message finds the same one here.
  error.message = text;
  return error;
}

/** The error of a connection that could not be opened. */
export function openError(
  db: Deno.PointerValue,
  code: number,
  path: string,
): SqliteError {
  const text = readCString(sqlite.sqlite3_errstr(code));
  // Without memory for a connection, there is none to ask.
  const extended = db === null ? code : sqlite.sqlite3_extended_errcode(db);
  return new SqliteError(extended, `${text}: ${path}`);
}

/** The error of a call that left nothing on the connection to ask for. */
export function codeError(code: number): SqliteError {
  return new SqliteError(code, readCString(sqlite.sqlite3_errstr(code)));
}

/** The error of a call on something closed, finalized or otherwise unfit. */
export function misuse(message: string): SqliteError {
  return new SqliteError(SQLITE_MISUSE, message);
}
