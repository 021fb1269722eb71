import type { Event } from "../event.ts";
import { SinkError } from "../sink_error.ts";
import { fileChunks } from "./_chunks.ts";
import type { FileOps, FileState, LogFile } from "./_file_ops.ts";
import { ioError } from "./_io_error.ts";
import { nthLine } from "./_lines.ts";
import { LineIndex } from "./_line_index.ts";
import { PartTables } from "./_part_tables.ts";
import { type PartScan, scanPart } from "./_scan_part.ts";
import { writeAll } from "./_write_all.ts";

/** Where a live part is and what comes before it. */
export interface LivePartOptions {
  /** The file operations. */
  readonly ops: FileOps;
  /** The path of the log. */
  readonly log: string;
  /** The folder that it is in. */
  readonly folder: string;
  /** How many lines stand before its first one. */
  readonly base: number;
  /** The seed of its tables. */
  readonly seed: number;
  /** Where to put bytes that repair cuts off. */
  readonly tornPath: string;
  /** Whether the log is ever synced. */
  readonly sync: boolean;
}

const NEWLINE = Uint8Array.of(10);

/** The part of the log that is appended to. */
export class LivePart {
  /** How many lines stand before its first one. */
  readonly base: number;
  /** What tells its file from one that has taken its name. */
  readonly id: string;
  /** The lines and heads that it holds. */
  readonly tables: PartTables;
  /** Where some of its lines begin. */
  readonly index: LineIndex;
  /** Where torn bytes were put when it was opened, if there were any. */
  readonly tornPath: string | undefined;
  readonly #options: LivePartOptions;
  readonly #file: LogFile;
  #lines = 0;
  #length = 0;
  #mustCut = false;

  private constructor(
    options: LivePartOptions,
    file: LogFile,
    opened: { id: string; tables: PartTables; index: LineIndex },
    scan: PartScan,
    tornPath: string | undefined,
  ) {
    this.#options = options;
    this.#file = file;
    this.base = options.base;
    this.id = opened.id;
    this.tables = opened.tables;
    this.index = opened.index;
    this.#lines = scan.lines;
    this.#length = scan.length;
    this.tornPath = tornPath;
  }

  /** Opens the file, making it if need be, and mends its tail. */
  static async open(options: LivePartOptions): Promise<LivePart> {
    const { ops, log, folder, seed, sync } = options;
    const file = await ops.open(log, "append");
    try {
      const { id } = await file.stat();
      const tables = new PartTables(seed);
      const index = new LineIndex();
      const found = await scanPart(fileChunks(file), tables, index);
      const { scan, tornPath } = await mendTail(options, file, found);
      if (sync) {
        // The writer before this one may have been killed between its write and
        // its sync, or never have synced: neither what is read from here on nor
        // the log's name must go away again.
        await file.syncData();
        await ops.syncFolder(folder);
      }
      return new LivePart(options, file, { id, tables, index }, scan, tornPath);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** How many lines it has that are stored for good. */
  get lines(): number {
    return this.#lines;
  }

  /** How many bytes they take. */
  get length(): number {
    return this.#length;
  }

  /**
   * Whether a file is this one, as it was left: longer only by what a failed
   * append has left behind.
   */
  isAsLeft(now: FileState | undefined): boolean {
    if (now === undefined || now.id !== this.id) return false;
    return this.#mustCut ? now.size >= this.#length : now.size === this.#length;
  }

  /** The seq of its last line. */
  get lastSeq(): number {
    return this.base + this.#lines;
  }

  /**
   * Writes lines behind the last one. They count only from `commit` on.
   *
   * @returns Whether the lines are where they belong. They are not if the log's
   * name has gone to another file, or if another program has cut or lengthened
   * this one; then the log must be read anew, and none of them may be counted.
   * @throws What the system reports; then `cut` must come first.
   */
  async write(bytes: Uint8Array): Promise<boolean> {
    this.#mustCut = true;
    await writeAll(this.#file, bytes);
    const { ops, log, sync } = this.#options;
    if (sync) await this.#file.syncData();
    // Not before that is done, since a sync leaves time for a lot to happen.
    const now = await ops.stat(log);
    if (now?.id !== this.id) {
      // The file belongs to whoever moved it, and these lines do not.
      await this.cut();
      return false;
    }
    if (now.size === this.#length + bytes.length) return true;
    // Where the lines are is unknown; the next scan finds them or does not.
    this.#mustCut = false;
    return false;
  }

  /**
   * Counts in the lines that were written last.
   *
   * @param events What stands on them.
   * @param ends Where each of them ends, from the first one's beginning.
   */
  commit(events: readonly Event[], ends: readonly number[]): void {
    const start = this.#length;
    const heads = new Map<string, string | null>();
    events.forEach(({ event_id, trace_id, hash }, i) => {
      this.#lines++;
      this.#length = start + ends[i]!;
      this.tables.add(event_id, this.#lines);
      heads.set(trace_id, hash);
      this.index.note(this.#lines, this.#length);
    });
    for (const [trace_id, hash] of heads) this.tables.setHead(trace_id, hash);
    this.#mustCut = false;
  }

  /**
   * Cuts the file back to its last good length, if anything was written behind
   * it that does not count. After a failed sync the system may have dropped the
   * pages and yet report success the next time, so nothing of the failed group
   * is kept.
   */
  async cut(): Promise<void> {
    if (!this.#mustCut) return;
    const { log, sync } = this.#options;
    try {
      const { size } = await this.#file.stat();
      // Cutting a shorter file would lengthen it with zeros.
      if (size > this.#length) await this.#file.truncate(this.#length);
      if (sync) await this.#file.syncData();
    } catch (cause) {
      const error = ioError("cut a failed append off", log, cause);
      throw new SinkError(
        error.code,
        `${error.message}. Appends are refused until that succeeds`,
        { cause },
      );
    }
    this.#mustCut = false;
  }

  /**
   * Reads a line through the descriptor that is written to, so that no other
   * file is read by mistake. Must not overlap with itself.
   *
   * @param line Which one, from 1.
   */
  readLine(line: number): Promise<Uint8Array | undefined> {
    const start = this.index.before(line - 1);
    const chunks = fileChunks(this.#file, start.offset, this.#length);
    return nthLine(chunks, line - 1 - start.lines);
  }

  /** Puts everything that was written on disk. */
  sync(): Promise<void> {
    return this.#file.syncData();
  }

  /** Gives the descriptor back. */
  close(): void {
    this.#file.close();
  }
}

async function mendTail(
  options: LivePartOptions,
  file: LogFile,
  scan: PartScan,
): Promise<{ scan: PartScan; tornPath?: string }> {
  const { tail, lines, length, events } = scan;
  if (tail === undefined) return { scan };
  if (tail.isEvent) {
    await writeAll(file, NEWLINE);
    await file.syncData();
    return { scan: { ...scan, lines: lines + 1, length: tail.end + 1 } };
  }
  if (events === 0) await assertLog(options.log, file);
  await setAside(options, file, length);
  await file.truncate(length);
  await file.syncData();
  return { scan, tornPath: options.tornPath };
}

/** Keeps a file that was named by mistake from being taken for a torn log. */
async function assertLog(log: string, file: LogFile): Promise<void> {
  for await (const chunk of fileChunks(file, 0, 1)) {
    // A torn first line begins an object, or is zeros that a crash has left.
    if (chunk[0] === 0x7b || chunk[0] === 0) return;
  }
  throw new SinkError(
    "not_a_log",
    `Cannot open ${log}: it holds no event, and what it ends in is not the ` +
      "beginning of one. Name a log, or a file that is not there yet",
  );
}

/** Copies a torn tail to a file of its own, in bounded memory. */
async function setAside(
  { ops, folder, tornPath }: LivePartOptions,
  file: LogFile,
  from: number,
): Promise<void> {
  const torn = await ops.open(tornPath, "create");
  try {
    for await (const chunk of fileChunks(file, from)) {
      await writeAll(torn, chunk);
    }
    await torn.syncData();
  } finally {
    torn.close();
  }
  await ops.syncFolder(folder);
}
