import { createHash } from "node:crypto";
import { fileChunks } from "./_chunks.ts";
import type { FileOps, LogFile } from "./_file_ops.ts";
import {
  DIGEST_BYTES,
  END_BYTES,
  FOOTER,
  fromTwoWords,
  HEAD_BYTES,
  ID_BYTES,
  MAGIC,
  type PartIds,
  STEP_BYTES,
} from "./_index_format.ts";
import { Mutex } from "./_mutex.ts";
import { headFromWords, ID_WORDS } from "./_part_tables.ts";
import {
  bucketOf,
  BUCKETS,
  hexToWords,
  KEY_WORDS,
  UuidTable,
} from "./_uuid_table.ts";

function words(bytes: Uint8Array<ArrayBuffer>): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}

/** Reads exactly so many bytes, or fails. */
async function readAt(file: LogFile, offset: number, length: number) {
  const bytes = new Uint8Array(length);
  await file.seek(offset);
  for (let at = 0; at < length;) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) throw new RangeError("The index file is too short");
    at += read;
  }
  return bytes;
}

/** An open index file. */
export class IndexFile {
  /** The seed of the tables that it was written from. */
  readonly seed: number;
  /** The seq of the last line that it covers. */
  readonly lastSeq: number;
  /** The plain length of the last part that it covers, modulo 2^32. */
  readonly partBytes: number;
  readonly #file: LogFile;
  readonly #fanout: Uint32Array;
  readonly #idParts: number;
  /** There is one cursor, and readers must not move it under each other. */
  readonly #cursor = new Mutex();
  #closed: Promise<void> | undefined;

  private constructor(file: LogFile, fanout: Uint32Array, footer: Uint32Array) {
    this.#file = file;
    this.#fanout = fanout;
    this.seed = footer[1]!;
    this.lastSeq = fromTwoWords(footer[2]!, footer[3]!);
    this.partBytes = footer[4]!;
    this.#idParts = footer[5]!;
  }

  /**
   * Opens an index file and checks its digest.
   *
   * @returns The index, `undefined` where it is missing or damaged.
   */
  static async open(
    ops: FileOps,
    path: string,
  ): Promise<IndexFile | undefined> {
    if (await ops.stat(path) === undefined) return undefined;
    const file = await ops.open(path, "read");
    let index: IndexFile | undefined;
    try {
      index = await IndexFile.#check(file);
    } finally {
      if (index === undefined) file.close();
    }
    return index;
  }

  static async #check(file: LogFile): Promise<IndexFile | undefined> {
    const { size } = await file.stat();
    if (size < END_BYTES) return undefined;
    const hash = createHash("sha256");
    for await (const chunk of fileChunks(file, 0, size - DIGEST_BYTES)) {
      hash.update(chunk);
    }
    const end = await readAt(file, size - END_BYTES, END_BYTES);
    const digest = hash.digest("hex");
    if (end.subarray(-DIGEST_BYTES).toHex() !== digest) return undefined;
    const all = words(end);
    const footer = all.subarray(BUCKETS + 1, BUCKETS + 1 + FOOTER.length);
    if (footer[0] !== MAGIC) return undefined;
    return new IndexFile(file, all.slice(0, BUCKETS + 1), footer);
  }

  #read(offset: number, length: number): Promise<Uint32Array> {
    return this.#cursor.run(async () =>
      words(await readAt(this.#file, offset, length))
    );
  }

  /** The records of all buckets in order, read a good many at a time. */
  async *buckets(): AsyncGenerator<Uint32Array, void, undefined> {
    for (let first = 0; first < BUCKETS;) {
      let end = first + 1;
      const from = this.#fanout[first]!;
      while (
        end < BUCKETS &&
        (this.#fanout[end + 1]! - from) * HEAD_BYTES <= STEP_BYTES
      ) end++;
      const count = this.#fanout[end]! - from;
      const read = await this.#read(from * HEAD_BYTES, count * HEAD_BYTES);
      for (; first < end; first++) {
        yield read.subarray(
          (this.#fanout[first]! - from) * HEAD_BYTES / 4,
          (this.#fanout[first + 1]! - from) * HEAD_BYTES / 4,
        );
      }
    }
  }

  /**
   * The head of a trace after the parts that the index covers.
   *
   * @returns The head, `undefined` where the parts do not hold the trace.
   */
  async head(trace_id: string): Promise<string | null | undefined> {
    const key = new Uint32Array(KEY_WORDS);
    hexToWords(trace_id, key, 0);
    const bucket = bucketOf(key, 0, this.seed);
    const start = this.#fanout[bucket]!;
    const count = this.#fanout[bucket + 1]! - start;
    if (count === 0) return undefined;
    const records = await this.#read(start * HEAD_BYTES, count * HEAD_BYTES);
    for (let at = 0; at < records.length; at += HEAD_BYTES / 4) {
      if (key.every((word, i) => records[at + i] === word)) {
        return headFromWords(
          records.subarray(at + KEY_WORDS, at + HEAD_BYTES / 4),
        );
      }
    }
    return undefined;
  }

  /** The ids of the newest parts. */
  async ids(): Promise<PartIds[]> {
    const parts: PartIds[] = [];
    let at = this.#fanout[BUCKETS]! * HEAD_BYTES;
    for (let i = 0; i < this.#idParts; i++) {
      const head = await this.#read(at, 20);
      const ids = new UuidTable(ID_WORDS, this.seed);
      at += 20;
      for (let left = head[4]!; left > 0;) {
        const count = Math.min(left, Math.floor(STEP_BYTES / ID_BYTES));
        ids.load(await this.#read(at, count * ID_BYTES));
        at += count * ID_BYTES;
        left -= count;
      }
      parts.push({
        first: fromTwoWords(head[0]!, head[1]!),
        last: fromTwoWords(head[2]!, head[3]!),
        ids,
      });
    }
    return parts;
  }

  /** Closes the file after the reads that were asked for. */
  close(): Promise<void> {
    this.#closed ??= this.#cursor.run(() => {
      this.#file.close();
      return Promise.resolve();
    });
    return this.#closed;
  }
}
