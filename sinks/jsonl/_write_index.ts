import { createHash, type Hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { FileOps, LogFile } from "./_file_ops.ts";
import type { IndexFile } from "./_index_file.ts";
import { MAGIC, type PartIds, STEP_BYTES, twoWords } from "./_index_format.ts";
import { HEAD_WORDS } from "./_part_tables.ts";
import { BUCKETS, KEY_WORDS, type UuidTable } from "./_uuid_table.ts";
import { writeAll } from "./_write_all.ts";

/** What an index is written from. */
export interface IndexContent {
  /** The seed of all tables. */
  readonly seed: number;
  /** The seq of the last line that is covered. */
  readonly lastSeq: number;
  /** The plain length of the last part that is covered. */
  readonly partBytes: number;
  /** Heads in the order of the log: of two for a trace, the later one counts. */
  readonly heads: readonly UuidTable[];
  /** The index that this one takes the place of. */
  readonly older: IndexFile | undefined;
  /** The ids of the newest parts. */
  readonly idParts: readonly PartIds[];
}

/** Collects what is written, and digests it on the way. */
class DigestWriter {
  readonly #file: LogFile;
  readonly #hash: Hash = createHash("sha256");
  readonly #buffer = new Uint8Array(STEP_BYTES);
  #used = 0;

  constructor(file: LogFile) {
    this.#file = file;
  }

  async write(content: Uint32Array): Promise<void> {
    const bytes = new Uint8Array(
      content.buffer,
      content.byteOffset,
      content.byteLength,
    );
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + STEP_BYTES - this.#used);
      this.#buffer.set(piece, this.#used);
      this.#used += piece.length;
      at += piece.length;
      if (this.#used === STEP_BYTES) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#hash.update(bytes);
    await writeAll(this.#file, bytes);
    this.#used = 0;
    // A short write is done at once, so waiting for it lets nobody else in.
    await setImmediate();
  }

  async end(): Promise<void> {
    await this.#flush();
    await writeAll(this.#file, new Uint8Array(this.#hash.digest()));
    await this.#file.syncData();
  }
}

/** The heads of a bucket: those of the tables, and the older ones beside them. */
function mergedBucket(
  index: number,
  older: Uint32Array | undefined,
  heads: readonly UuidTable[],
): Uint32Array[] {
  const record = KEY_WORDS + HEAD_WORDS;
  const merged: Uint32Array[] = [];
  const layers = heads.map((table) => table.records(index));
  if (older !== undefined) layers.unshift(older);
  const firstTable = layers.length - heads.length;
  layers.forEach((records, layer) => {
    for (let at = 0; at < records.length; at += record) {
      const isReplaced = heads.slice(layer - firstTable + 1)
        .some((newer) => newer.getWords(records, at) !== undefined);
      if (!isReplaced) merged.push(records.subarray(at, at + record));
    }
  });
  return merged;
}

/**
 * Writes an index in the place of the one that is there, in one step: until the
 * new one is whole and on disk, the older one stands.
 */
export async function writeIndex(
  ops: FileOps,
  path: string,
  folder: string,
  content: IndexContent,
): Promise<void> {
  const { seed, lastSeq, partBytes, idParts } = content;
  const file = await ops.open(`${path}.tmp`, "create");
  try {
    const writer = new DigestWriter(file);
    const fanout = new Uint32Array(BUCKETS + 1);
    const older = content.older?.buckets();
    for (let i = 0; i < BUCKETS; i++) {
      const read = await older?.next();
      const before = read === undefined || read.done ? undefined : read.value;
      const merged = mergedBucket(i, before, content.heads);
      for (const record of merged) await writer.write(record);
      fanout[i + 1] = fanout[i]! + merged.length;
    }
    for (const { first, last, ids } of idParts) {
      const head = [...twoWords(first), ...twoWords(last), ids.size];
      await writer.write(Uint32Array.from(head));
      for (let i = 0; i < BUCKETS; i++) await writer.write(ids.records(i));
    }
    await writer.write(fanout);
    await writer.write(
      Uint32Array.of(
        MAGIC,
        seed,
        ...twoWords(lastSeq),
        partBytes,
        idParts.length,
      ),
    );
    await writer.end();
  } finally {
    file.close();
  }
  await ops.rename(`${path}.tmp`, path);
  await ops.syncFolder(folder);
}
