import { BackendError } from "../backend_error.ts";

/**
 * Tells what the host's system refuses as an error of ours.
 *
 * @param what What was to be done, as in "Cannot …".
 * @param cause What the system says.
 * @returns The error: `file_failed`, unless the cause is one of ours already.
 */
export function hostFailure(what: string, cause: unknown): BackendError {
  if (cause instanceof BackendError) return cause;
  const found = cause instanceof Error ? cause.message : String(cause);
  return new BackendError(
    "file_failed",
    `Cannot ${what} on the host: ${found}`,
    { cause },
  );
}

/**
 * Does something with the host's files.
 *
 * @param what What is done, as in "Cannot …".
 * @param work Does it.
 * @returns What came of it.
 * @throws {BackendError} `file_failed` with the system's error as its cause.
 */
export async function onHost<T>(
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw hostFailure(what, cause);
  }
}

/** Writes all of some bytes; a file may take fewer at once. */
export async function writeAll(
  file: Deno.FsFile,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
  }
}

/** What of a file is read, and how. */
export interface FileBytes {
  /** How many bytes were announced. */
  readonly size: number;
  /** What it is read for, as messages say it. */
  readonly what: string;
  /** How many are read at once. */
  readonly pieceBytes: number;
}

/**
 * As many bytes of a file as were announced; each piece is the reader's own.
 *
 * @throws {BackendError} `file_failed`, if there are fewer by now.
 */
export async function* fileBytes(
  file: Deno.FsFile,
  { size, what, pieceBytes }: FileBytes,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let left = size; left > 0;) {
    const piece = new Uint8Array(Math.min(left, pieceBytes));
    const length = await onHost(what, () => file.read(piece));
    if (length === null) {
      throw new BackendError(
        "file_failed",
        `Cannot ${what} on the host: it became shorter meanwhile`,
      );
    }
    left -= length;
    yield piece.subarray(0, length);
  }
}
