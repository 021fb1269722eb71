import { sqlite } from "./_library.ts";
import { readCString, toCString } from "./_text.ts";

/** The version of the library that was loaded, such as `3.46.0`. */
export const SQLITE_VERSION: string = readCString(sqlite.sqlite3_libversion());

/** The date and hash of the source that the library was built from. */
export const SQLITE_SOURCEID: string = readCString(sqlite.sqlite3_sourceid());

/**
 * Tells whether a text ends in a complete SQL statement.
 *
 * @param statement The text.
 * @returns Whether a semicolon ends its last statement.
 */
export function isComplete(statement: string): boolean {
  return sqlite.sqlite3_complete(toCString(statement, "a statement")) !== 0;
}
