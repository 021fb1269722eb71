/**
 * SQLite over Deno's FFI: the part of the registry's `@db/sqlite` 0.13 that
 * this project uses, bound to the SQLite that the system has installed.
 *
 * Needs `--allow-ffi`, and `--allow-env=DENO_SQLITE_PATH` to be told of a
 * library elsewhere. Loading this module loads the library.
 *
 * @module
 */
export type {
  BindParameters,
  BindValue,
  RestBindParameters,
} from "./bind_value.ts";
export { Database, type DatabaseOpenOptions } from "./database.ts";
export { SqliteError } from "./sqlite_error.ts";
export { Statement } from "./statement.ts";
export type { Transaction } from "./transaction.ts";
export { isComplete, SQLITE_SOURCEID, SQLITE_VERSION } from "./version.ts";
