import type { SqlConnection } from "../../../sinks/sqlite/connection.ts";
import { loadDriver } from "../../../sinks/sqlite/load_driver.ts";

// The library stays loaded, so it is loaded before the tests.
const LOADED = {
  ffi: await loadDriver("ffi"),
  builtin: await loadDriver("builtin"),
};

/**
 * Another connection to a log, by the same copy of SQLite: another copy would
 * see none of the locks of this process.
 */
export function otherConnection(
  log: string,
  driver: "ffi" | "builtin",
): SqlConnection {
  return LOADED[driver].open(log, { readOnly: false });
}
