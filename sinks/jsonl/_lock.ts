import { SinkError } from "../sink_error.ts";
import type { FileOps, LogFile } from "./_file_ops.ts";

// Over some network file systems a lock belongs to the process and would let the
// same process in again, so the locks that this one holds are known here too.
const heldHere = new Set<string>();

/** The right to be the one writer of a log. */
export class Lock {
  readonly #path: string;
  readonly #file: LogFile;

  private constructor(path: string, file: LogFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Takes the lock of a log, which is on a file beside it. The system drops it
   * with the process, so the file stays where it is.
   *
   * @throws {SinkError} `locked`, if another writer holds it.
   */
  static async take(ops: FileOps, log: string): Promise<Lock> {
    const path = `${log}.lock`;
    if (heldHere.has(path)) throw locked(log, path);
    heldHere.add(path);
    let file: LogFile | undefined;
    try {
      file = await ops.open(path, "append");
      if (!await file.tryLock()) throw locked(log, path);
      return new Lock(path, file);
    } catch (error) {
      file?.close();
      heldHere.delete(path);
      throw error;
    }
  }

  /** Lets the next writer in. */
  release(): void {
    this.#file.close();
    heldHere.delete(this.#path);
  }
}

function locked(log: string, path: string): SinkError {
  return new SinkError(
    "locked",
    `Cannot open ${log}: another writer holds ${path}. Close that one first, ` +
      "or give each writer a log of its own",
  );
}
