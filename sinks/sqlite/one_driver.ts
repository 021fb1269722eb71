// Two copies of SQLite in one process do not see each other's locks: POSIX locks
// belong to the process, and whoever closes a file drops those of the other. See
// https://sqlite.org/howtocorrupt.html#multiple_copies_of_sqlite_linked_into_the_same_application
import { basename, dirname, join } from "node:path";
import { SinkError } from "../sink_error.ts";
import type { SqliteDriverName } from "./connection.ts";

interface Claim {
  readonly driver: SqliteDriverName;
  holders: number;
}

/** The files that sinks of this process have open. */
const claims = new Map<string, Claim>();

/**
 * Claims a database for one driver, for as long as a sink has it open. Sinks in
 * the caller's own workers are not seen.
 *
 * @param path The database file, which need not exist.
 * @param driver The driver that is to open it.
 * @returns The claim, to be disposed of after the last connection is closed.
 * @throws {SinkError} `unsafe_sqlite` if the other driver has the file open.
 */
export async function claimForDriver(
  path: string,
  driver: SqliteDriverName,
): Promise<Disposable> {
  const key = await realPath(path);
  const claim = claims.get(key) ?? { driver, holders: 0 };
  if (claim.driver !== driver) {
    throw new SinkError(
      "unsafe_sqlite",
      `Cannot open ${path} with driver "${driver}": a sink of this process has ` +
        `it open with driver "${claim.driver}", and two copies of SQLite in one ` +
        "process break each other's locks. Use the same driver for both",
    );
  }
  claim.holders++;
  claims.set(key, claim);
  return {
    [Symbol.dispose]() {
      if (--claim.holders === 0) claims.delete(key);
    },
  };
}

/** One name for a file, however it was spelt; for a new one by its folder. */
async function realPath(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    try {
      return join(await Deno.realPath(dirname(path)), basename(path));
    } catch {
      // Opening it will say what is wrong with the folder.
      return path;
    }
  }
}
