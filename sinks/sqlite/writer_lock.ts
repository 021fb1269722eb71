import { SinkError } from "../sink_error.ts";
import { hasWalResetBug } from "./wal_reset_bug.ts";

/**
 * Takes the writer's lock of a database: a lock on a file beside it, shared
 * where SQLite bears several writers, exclusive where it has the WAL-reset bug.
 *
 * The lock is not on the database itself: closing any descriptor of that file
 * would drop the locks that SQLite holds on it (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
 * The file stays when the lock is let go of, since removing it would race with
 * whoever opens it next.
 *
 * @param path The database file.
 * @param version SQLite's version.
 * @returns The lock, to be disposed of after the last connection is closed.
 * @throws {SinkError} `unsafe_sqlite` if two writers would meet and one of them
 * has the bug.
 */
export async function takeWriterLock(
  path: string,
  version: string,
): Promise<Disposable> {
  const exclusive = hasWalResetBug(version);
  const file = await openLockFile(`${path}-zu-lock`);
  let taken = false;
  try {
    taken = await file.tryLock(exclusive);
  } finally {
    if (!taken) file.close();
  }
  if (taken) return file;
  throw new SinkError(
    "unsafe_sqlite",
    `Cannot open ${path} for writing: another sink writes to it, and ` +
      (exclusive
        ? `this SQLite (${version}) `
        : "the SQLite that one runs on ") +
      "can lose committed pages when two write at once " +
      '(sqlite.org/wal.html, "The WAL-Reset Bug"). Use SQLite 3.51.3 or later ' +
      'in both, such as driver "builtin", or open it with readOnly',
  );
}

async function openLockFile(lockPath: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(lockPath, { create: true, read: true, write: true });
  } catch (cause) {
    if (
      cause instanceof Deno.errors.NotCapable ||
      cause instanceof Deno.errors.PermissionDenied
    ) {
      throw new SinkError(
        "read_only",
        `Cannot open the lock file ${lockPath}: ${cause.message}. Allow reading ` +
          "and writing the log's folder, or open the log with readOnly",
        { cause },
      );
    }
    throw new SinkError(
      "io",
      `Cannot open the lock file ${lockPath}: ${(cause as Error).message}`,
      { cause },
    );
  }
}
