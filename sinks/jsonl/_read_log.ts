import { type Chunk, fileChunks, InflateError } from "./_chunks.ts";
import type { FileOps, LogFile } from "./_file_ops.ts";
import { ioError } from "./_io_error.ts";
import { corruptLine, splitLines } from "./_lines.ts";
import type { LivePart } from "./_live_part.ts";
import type { Log } from "./_log.ts";
import { partChunks } from "./_part_files.ts";
import type { Part } from "./_part_names.ts";
import type { SinkError } from "../sink_error.ts";

/** Lines that stand next to each other in the log. */
export interface LineRun {
  /** The seq of the first of them. */
  readonly first: number;
  /** The lines; `undefined` for one that is too long to be held in memory. */
  readonly lines: readonly (Uint8Array | undefined)[];
  /** In place of lines: why those that should be here cannot be read. */
  readonly error?: SinkError;
}

/** What reading needs of the sink beside the log. */
export interface ReadContext {
  /** The file operations. */
  readonly ops: FileOps;
  /** Looks after a live file that is not the one that was written to. */
  refresh(): Promise<void>;
}

/**
 * A reader's place in the log. It opens files of its own for as long as it reads
 * from them, so that appending and rotation go on beside it, and never reads
 * behind the last line that is stored for good.
 */
export class LogCursor {
  readonly #log: Log;
  readonly #context: ReadContext;
  #generation: number;
  #at: number;

  /** Stands behind a seq. */
  constructor(log: Log, context: ReadContext, afterSeq: number) {
    this.#log = log;
    this.#context = context;
    this.#generation = log.generation;
    this.#at = afterSeq;
  }

  /** Reads from its place to the end of the log, as it is when it gets there. */
  async *runs(): AsyncGenerator<LineRun, void, undefined> {
    const log = this.#log;
    while (true) {
      if (this.#generation !== log.generation) {
        // Another file is the log now: what is new begins with its first line.
        this.#generation = log.generation;
        this.#at = Math.min(this.#at, log.base);
      }
      if (this.#at >= log.lastSeq) return;
      const part = log.history.parts.find(({ last }) => last > this.#at);
      const live = log.live;
      if (part !== undefined) yield* this.#part(part);
      else if (live === undefined) await this.#context.refresh();
      else yield* this.#live(live);
    }
  }

  async *#part(part: Part): AsyncGenerator<LineRun, void, undefined> {
    const wasPlain = part.plain;
    const chunks = partChunks(this.#context.ops, this.#log.path, part);
    let found: string | undefined;
    let cause: unknown;
    try {
      yield* this.#lines(chunks, part.first, part.last);
      if (this.#at >= part.last) return;
      found = `the part ends before seq ${part.last}`;
    } catch (error) {
      if (error instanceof InflateError) {
        found = "the part cannot be inflated from here on";
        cause = error;
      } else if (
        error instanceof Deno.errors.NotFound && wasPlain && !part.plain
      ) {
        // It was compressed between the look and the open.
        return;
      } else throw ioError("read a part of", this.#log.path, error);
    }
    const first = Math.max(this.#at + 1, part.first);
    this.#at = part.last;
    const error = corruptLine(this.#log.path, first, found, cause);
    yield { first, lines: [], error };
  }

  async *#live(live: LivePart): AsyncGenerator<LineRun, void, undefined> {
    const { lastSeq, length } = live;
    let file: LogFile | undefined;
    try {
      file = await this.#openLive(live, length);
      if (file !== undefined) {
        const start = live.index.before(Math.max(0, this.#at - live.base));
        const chunks = fileChunks(file, start.offset, length);
        yield* this.#lines(chunks, live.base + start.lines + 1, lastSeq);
      }
    } catch (error) {
      throw ioError("read", this.#log.path, error);
    } finally {
      file?.close();
    }
    // A rotation in between has put another part in its place already.
    if (this.#at < lastSeq && this.#log.live === live) {
      await this.#context.refresh();
    }
  }

  /** The live file, `undefined` if another one has its name or it was cut. */
  async #openLive(
    live: LivePart,
    length: number,
  ): Promise<LogFile | undefined> {
    let file: LogFile;
    try {
      file = await this.#context.ops.open(this.#log.path, "read");
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
    try {
      const { id, size } = await file.stat();
      if (id === live.id && size >= length) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    return undefined;
  }

  /** Lines behind the cursor, up to a seq, and the cursor moved past them. */
  async *#lines(
    chunks: AsyncIterable<Chunk>,
    firstSeq: number,
    lastSeq: number,
  ): AsyncGenerator<LineRun, void, undefined> {
    let seq = firstSeq;
    for await (const { lines } of splitLines(chunks)) {
      const from = Math.min(lines.length, Math.max(0, this.#at + 1 - seq));
      const to = Math.min(lines.length, lastSeq + 1 - seq);
      const first = seq + from;
      seq += lines.length;
      if (from >= to) continue;
      this.#at = first + (to - from) - 1;
      yield { first, lines: lines.slice(from, to) };
      if (this.#at >= lastSeq) return;
    }
  }
}
