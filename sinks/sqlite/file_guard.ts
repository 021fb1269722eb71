// SQLite goes on writing to a file that was moved away or removed, and leaves its
// write-ahead log under the old name, where it spoils whatever takes that name
// (https://sqlite.org/howtocorrupt.html#unlink). So it is looked at each time
// whether a connection's files still bear their names. Only their names are asked
// for: the files themselves must not be opened, see writer_lock.ts.
import { SinkError } from "../sink_error.ts";
import { IN_MEMORY, type SqlConnection } from "./connection.ts";

/** The log is no longer the file that was opened; the connection is of no use. */
export class MovedError extends SinkError {
  constructor(path: string, gone: string) {
    super(
      "io",
      `${gone} is no longer the file that was opened: it was moved, removed or ` +
        "replaced. What was acknowledged stayed with the old file. Put that " +
        `back, or try again to go on with what is at ${path} now`,
    );
  }
}

/** Which file stands under a name; undefined where there is none. */
function idOf(path: string): string | undefined {
  try {
    const { dev, ino } = Deno.statSync(path);
    // Without inodes, as on Windows, an open file cannot be moved either.
    return ino === null ? "" : `${dev}:${ino}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    // A folder that may not be looked into says nothing of its files.
    if (
      error instanceof Deno.errors.PermissionDenied ||
      error instanceof Deno.errors.NotCapable
    ) return "";
    throw error;
  }
}

/** The path without links; as it was given where that cannot be had. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    // The look at the file by its name will do.
    return path;
  }
}

/** Tells whether a connection's files still bear their names. */
export class FileGuard {
  readonly #path: string;
  readonly #ids = new Map<string, string>();

  /** Takes note of the files of a connection that was opened just now. */
  constructor(path: string) {
    this.#path = path;
    if (path === IN_MEMORY) return;
    const real = realPath(path);
    for (const file of [real, `${real}-wal`]) {
      const id = idOf(file);
      if (id) this.#ids.set(file, id);
    }
  }

  /**
   * Asserts that the files are where they were.
   *
   * @throws {MovedError} If one of them is not.
   */
  assertThere(): void {
    for (const [file, id] of this.#ids) {
      const now = idOf(file);
      if (now !== id && now !== "") throw new MovedError(this.#path, file);
    }
  }
}

/**
 * Moves the write-ahead log of a moved database into it, and empties it: the
 * moved file is whole then, and the next file of that name is not spoilt.
 */
export function salvage(connection: SqlConnection): void {
  if (connection.inTransaction) connection.exec("ROLLBACK");
  connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)").rows();
}
