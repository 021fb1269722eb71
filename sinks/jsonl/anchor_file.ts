// The file behind a JsonlAnchor: whole lines, on disk before an append resolves.
import { type Anchor, checkAnchor } from "../anchor.ts";
import { SinkError } from "../sink_error.ts";
import { fileChunks, plainChunks } from "./_chunks.ts";
import type { FileOps, LogFile } from "./_file_ops.ts";
import { ioError } from "./_io_error.ts";
import { splitLines } from "./_lines.ts";
import { Lock } from "./_lock.ts";
import { splitPath } from "./_part_names.ts";
import { writeAll } from "./_write_all.ts";

/** An anchor's line has 131 bytes and the digits of its number. */
const LINE_BYTES_MAX = 4_096;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

function lineOf({ trace_id, seq, head }: Anchor): string {
  return `${JSON.stringify({ trace_id, seq, head })}\n`;
}

function parseLine(line: Uint8Array | undefined): Anchor {
  if (line === undefined) {
    throw new TypeError(`it is longer than ${LINE_BYTES_MAX} bytes`);
  }
  return checkAnchor(JSON.parse(decoder.decode(line)));
}

/** Reads the anchors of a file, from the first. */
export async function* readAnchors(
  ops: FileOps,
  path: string,
): AsyncGenerator<Anchor, void, undefined> {
  const batches = splitLines(plainChunks(ops, path), LINE_BYTES_MAX);
  let number = 0;
  try {
    for await (const { lines, torn } of batches) {
      for (const line of lines) {
        number++;
        let anchor: Anchor;
        try {
          anchor = parseLine(line);
        } catch (cause) {
          // A writer was cut off there, and never said that it had written it.
          if (torn) return;
          throw corrupt(path, number, cause);
        }
        yield anchor;
      }
    }
  } catch (error) {
    throw ioError("read the anchors of", path, error);
  }
}

function corrupt(path: string, number: number, cause: unknown): SinkError {
  const found = cause instanceof Error ? cause.message : String(cause);
  return new SinkError(
    "corrupt_line",
    `Cannot read line ${number} of ${path}: it is no anchor (${found}). ` +
      "Mend the line, or take the file from a copy",
    { seq: number, cause },
  );
}

/** A file of anchors that is open for appending. */
export class AnchorFile {
  readonly #ops: FileOps;
  readonly #path: string;
  readonly #lock: Lock;
  readonly #file: LogFile;
  readonly #id: string;
  /** How long the file is up to the last append that succeeded. */
  #length: number;
  #mustCut = false;

  private constructor(
    ops: FileOps,
    path: string,
    lock: Lock,
    file: LogFile,
    opened: { id: string; size: number },
  ) {
    this.#ops = ops;
    this.#path = path;
    this.#lock = lock;
    this.#file = file;
    this.#id = opened.id;
    this.#length = opened.size;
  }

  /** Opens a file, making it if need be, and mends its last line. */
  static async open(ops: FileOps, named: string): Promise<AnchorFile> {
    let lock: Lock | undefined;
    let file: LogFile | undefined;
    try {
      const path = await ops.resolve(named);
      lock = await Lock.take(ops, path);
      file = await ops.open(path, "append");
      await mendTail(ops, path, file);
      await file.syncData();
      await ops.syncFolder(splitPath(path).folder);
      return new AnchorFile(ops, path, lock, file, await file.stat());
    } catch (error) {
      file?.close();
      lock?.release();
      throw ioError("open", named, error);
    }
  }

  /** Appends anchors: all of them are on disk, or none stands in the file. */
  async append(anchors: readonly Anchor[]): Promise<void> {
    const bytes = encoder.encode(anchors.map(lineOf).join(""));
    try {
      await this.#assertInPlace();
      if (this.#mustCut) await this.#cut();
      this.#mustCut = true;
      await writeAll(this.#file, bytes);
      await this.#file.syncData();
      this.#mustCut = false;
      this.#length += bytes.length;
    } catch (error) {
      // Where this fails too, the next append tries it again.
      if (this.#mustCut) await this.#cut().catch(() => {});
      throw ioError("append an anchor to", this.#path, error);
    }
  }

  /** Gives the file and the lock back. */
  close(): void {
    this.#file.close();
    this.#lock.release();
  }

  async #cut(): Promise<void> {
    await this.#file.truncate(this.#length);
    this.#mustCut = false;
  }

  /** A file that was moved would take anchors that nobody ever reads. */
  async #assertInPlace(): Promise<void> {
    const there = await this.#ops.stat(this.#path);
    if (there?.id === this.#id) return;
    throw new SinkError(
      "io",
      `Cannot append an anchor to ${this.#path}: the file was moved or removed ` +
        "since it was opened. Close the anchor and make a new one",
    );
  }
}

/** Completes a whole last line, and puts part of one aside. */
async function mendTail(
  ops: FileOps,
  path: string,
  file: LogFile,
): Promise<void> {
  let end = 0;
  let tail: Uint8Array | undefined;
  let isTorn = false;
  for await (
    const { lines, ends, torn } of splitLines(fileChunks(file), LINE_BYTES_MAX)
  ) {
    if (torn) {
      isTorn = true;
      tail = lines[0];
    } else end = ends.at(-1)!;
  }
  if (!isTorn) return;
  let isWhole = true;
  try {
    parseLine(tail);
  } catch {
    isWhole = false;
  }
  if (isWhole) return await writeAll(file, encoder.encode("\n"));
  const aside = await ops.open(`${path}.torn`, "append");
  try {
    for await (const chunk of fileChunks(file, end)) {
      await writeAll(aside, chunk);
    }
    await writeAll(aside, encoder.encode("\n"));
    await aside.syncData();
  } finally {
    aside.close();
  }
  await file.truncate(end);
}
