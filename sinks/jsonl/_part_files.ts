import {
  type Chunk,
  fileChunks,
  gzipChunks,
  plainChunks,
  throughStream,
} from "./_chunks.ts";
import { createHash, type Hash } from "node:crypto";
import type { FileOps } from "./_file_ops.ts";
import { type Part, partPath } from "./_part_names.ts";
import { writeAll } from "./_write_all.ts";

/**
 * How much is compressed at a time: the platform compresses on the event loop's
 * thread, and this much takes it about a millisecond.
 */
const COMPRESS_CHUNK_BYTES = 32 * 1024;

/** The bytes of a rotated part: of the plain file as long as it is there. */
export function partChunks(
  ops: FileOps,
  log: string,
  part: Part,
): AsyncGenerator<Chunk, void, undefined> {
  const path = partPath(log, part);
  return part.plain ? plainChunks(ops, path) : gzipChunks(ops, `${path}.gz`);
}

/**
 * How long a part is when it is not compressed, modulo 2^32: what a gzip file
 * says in its last four bytes.
 */
export async function plainLength(
  ops: FileOps,
  log: string,
  part: Part,
): Promise<number> {
  const path = partPath(log, part);
  if (part.plain) return ((await ops.stat(path))?.size ?? 0) % 2 ** 32;
  const file = await ops.open(`${path}.gz`, "read");
  try {
    const { size } = await file.stat();
    const last = new Uint8Array(4);
    let used = 0;
    for await (const chunk of fileChunks(file, Math.max(0, size - 4), size)) {
      last.set(chunk, used);
      used += chunk.length;
    }
    return new DataView(last.buffer).getUint32(0, true);
  } finally {
    file.close();
  }
}

async function* digested(chunks: AsyncIterable<Chunk>, hash: Hash) {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

/**
 * Puts a compressed file in the place of a part's plain one. The plain file goes
 * only when the compressed one is whole, on disk, under its name, and has been
 * read back; ended before that, the work is done again at the next open.
 */
export async function compressPart(
  ops: FileOps,
  log: string,
  folder: string,
  part: Part,
): Promise<void> {
  const plain = partPath(log, part);
  const target = `${plain}.gz`;
  const written = createHash("sha256");
  const source = await ops.open(plain, "read");
  try {
    const file = await ops.open(`${target}.tmp`, "create");
    try {
      const chunks = digested(
        fileChunks(source, 0, Infinity, COMPRESS_CHUNK_BYTES),
        written,
      );
      const gzip = throughStream(chunks, new CompressionStream("gzip"));
      for await (const chunk of gzip) await writeAll(file, chunk);
      await file.syncData();
    } finally {
      file.close();
    }
  } finally {
    source.close();
  }
  const readBack = createHash("sha256");
  for await (const chunk of gzipChunks(ops, `${target}.tmp`)) {
    readBack.update(chunk);
  }
  if (readBack.digest("hex") !== written.digest("hex")) {
    throw new Error("the compressed file does not read back as the plain one");
  }
  await ops.rename(`${target}.tmp`, target);
  await ops.syncFolder(folder);
  part.gzip = true;
  // From here on readers open the compressed file; one that has the plain file
  // open goes on reading that.
  part.plain = false;
  await ops.remove(plain);
  await ops.syncFolder(folder);
}
