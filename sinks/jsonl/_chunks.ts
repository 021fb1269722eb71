import type { FileOps, LogFile } from "./_file_ops.ts";

/** How much of a file is read at a time. */
export const CHUNK_BYTES = 64 * 1024;
/**
 * How much of a compressed file is read at a time. Deflate grows to at most
 * 1032 times its size, so this bounds what one step can inflate to.
 */
const COMPRESSED_CHUNK_BYTES = 16 * 1024;

/** Bytes as the compression streams of the platform take them. */
export type Chunk = Uint8Array<ArrayBuffer>;

/**
 * Reads a file in chunks that are the receiver's to keep.
 *
 * @param file An open file.
 * @param from Where to begin.
 * @param to Where to end; the end of the file when left out.
 */
export async function* fileChunks(
  file: LogFile,
  from = 0,
  to = Infinity,
  chunkBytes = CHUNK_BYTES,
): AsyncGenerator<Chunk, void, undefined> {
  await file.seek(from);
  for (let at = from; at < to;) {
    const chunk = new Uint8Array(Math.min(chunkBytes, to - at));
    const read = await file.read(chunk);
    if (read === null) return;
    at += read;
    yield chunk.subarray(0, read);
  }
}

/** What comes out of a compression stream, as chunks; the source ends before it does. */
export async function* throughStream(
  chunks: AsyncGenerator<Chunk, void, undefined>,
  transform: CompressionStream | DecompressionStream,
): AsyncGenerator<Chunk, void, undefined> {
  // Both ends are worked from one place, so that leaving the loop early ends
  // the source too, and no stream is left with a promise that nobody awaits.
  const stream = ReadableStream.from(chunks).pipeThrough<Chunk>(transform);
  try {
    for await (const chunk of stream) yield chunk;
  } finally {
    // The stream does not wait for a read that it has begun ahead: its file would be
    // open for a while after it was closed.
    await chunks.return();
  }
}

/** Reads a plain file from its path in chunks, and closes it. */
export async function* plainChunks(
  ops: FileOps,
  path: string,
): AsyncGenerator<Chunk, void, undefined> {
  const file = await ops.open(path, "read");
  try {
    yield* fileChunks(file);
  } finally {
    file.close();
  }
}

/** Compressed bytes are damaged, or there are too few of them. */
export class InflateError extends Error {
  /** The class's name, for logs. */
  override readonly name = "InflateError";
}

/**
 * Reads a gzip file from its path in inflated chunks, and closes it.
 *
 * @throws {InflateError} Where the bytes cannot be inflated.
 */
export async function* gzipChunks(
  ops: FileOps,
  path: string,
): AsyncGenerator<Chunk, void, undefined> {
  const file = await ops.open(path, "read");
  try {
    const compressed = fileChunks(file, 0, Infinity, COMPRESSED_CHUNK_BYTES);
    yield* throughStream(compressed, new DecompressionStream("gzip"));
  } catch (cause) {
    // The stream has no error class of its own; those of files are others.
    if (!(cause instanceof TypeError)) throw cause;
    throw new InflateError(cause.message, { cause });
  } finally {
    file.close();
  }
}
