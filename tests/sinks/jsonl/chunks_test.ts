import { assertEquals, assertRejects } from "@std/assert";
import {
  type Chunk,
  gzipChunks,
  InflateError,
  throughStream,
} from "../../../sinks/jsonl/_chunks.ts";
import type { FileOps, LogFile } from "../../../sinks/jsonl/_file_ops.ts";

/** A file that takes its time to be read, and sees itself closed amid that. */
class SlowFile {
  closes = 0;
  readsAtClose = 0;
  readonly ops: FileOps;
  #reads = 0;
  #at = 0;

  constructor(bytes: Uint8Array) {
    const file: Pick<LogFile, "read" | "seek" | "close"> = {
      read: async (into) => {
        this.#reads++;
        await new Promise((resolve) => setTimeout(resolve, 2));
        this.#reads--;
        const part = bytes.subarray(this.#at, this.#at + into.length);
        into.set(part);
        this.#at += part.length;
        return part.length === 0 ? null : part.length;
      },
      seek: (offset) => {
        this.#at = offset;
        return Promise.resolve();
      },
      close: () => {
        this.closes++;
        this.readsAtClose += this.#reads;
      },
    };
    const ops: Pick<FileOps, "open"> = {
      open: () => Promise.resolve(file as LogFile),
    };
    this.ops = ops as FileOps;
  }
}

/** Bytes that no compression makes fewer, in a gzip file. */
async function gzip(size: number): Promise<Uint8Array> {
  const bytes: Chunk[] = [];
  for (let at = 0; at < size; at += 65_536) {
    bytes.push(crypto.getRandomValues(new Uint8Array(65_536)));
  }
  const compressed = await Array.fromAsync(
    throughStream(toAsync(bytes), new CompressionStream("gzip")),
  );
  return new Uint8Array(await new Blob(compressed).arrayBuffer());
}

async function* toAsync<T>(
  all: readonly T[],
): AsyncGenerator<T, void, undefined> {
  yield* all;
}

Deno.test("gzipChunks closes its file once, when nothing is read from it any more", async () => {
  const bytes = await gzip(400_000);
  const damaged = bytes.slice();
  damaged.fill(0xff, 100_000, 200_000);
  for (const most of [1, 2, 3, Infinity]) {
    for (const content of [bytes, damaged, bytes.subarray(0, 150_000)]) {
      const file = new SlowFile(content);
      const read = async () => {
        let chunks = 0;
        for await (const _ of gzipChunks(file.ops, "x.gz")) {
          if (++chunks >= most) break;
        }
      };
      if (most === Infinity && content !== bytes) {
        await assertRejects(read, InflateError);
      } else await read();
      assertEquals([file.closes, file.readsAtClose], [1, 0], `${most}`);
    }
  }
});
