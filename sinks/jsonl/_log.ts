import type { StoredEvent } from "../event.ts";
import type { SinkError } from "../sink_error.ts";
import type { FileOps } from "./_file_ops.ts";
import type { History } from "./_history.ts";
import { ioError } from "./_io_error.ts";
import { LivePart } from "./_live_part.ts";
import { loadHistory } from "./_load_history.ts";
import { nthLine, readLine } from "./_lines.ts";
import { Lock } from "./_lock.ts";
import { partChunks } from "./_part_files.ts";
import { partPath, splitPath } from "./_part_names.ts";

/** How a log is kept. */
export interface LogOptions {
  /** The file operations. */
  readonly ops: FileOps;
  /** Whether the log is ever synced. */
  readonly sync: boolean;
  /** How long the live part may grow. */
  readonly maxBytes: number;
  /** How many of the newest parts have their event ids held in memory. */
  readonly rememberedParts: number;
  /** Is told when the index or a compressed file could not be written. */
  readonly onBackgroundError: ((error: SinkError) => void) | undefined;
}

/**
 * A log on disk that this process is the one writer of: its live part, its
 * rotated parts and what is known of both. Its methods must not overlap, except
 * for reading its properties.
 */
export class Log {
  /** The path, without links. */
  readonly path: string;
  /** The rotated parts. */
  readonly history: History;
  /** Where torn bytes were put since the log was opened. */
  readonly tornPaths: string[] = [];
  readonly #options: LogOptions;
  readonly #folder: string;
  readonly #lock: Lock;
  #live: LivePart | undefined;
  #lastTorn: number;
  #generation = 0;

  private constructor(
    path: string,
    options: LogOptions,
    lock: Lock,
    loaded: { history: History; lastTorn: number },
  ) {
    this.path = path;
    this.#folder = splitPath(path).folder;
    this.#options = options;
    this.#lock = lock;
    this.history = loaded.history;
    this.#lastTorn = loaded.lastTorn;
  }

  /**
   * Opens a log: takes its lock, finds its parts, mends its tail.
   *
   * @throws {SinkError} `locked`, `not_a_log`, or what the system reports.
   */
  static async open(path: string, options: LogOptions): Promise<Log> {
    let lock: Lock | undefined;
    let history: History | undefined;
    try {
      const log = await options.ops.resolve(path);
      const { folder } = splitPath(log);
      lock = await Lock.take(options.ops, log);
      const loaded = await loadHistory({ ...options, log, folder });
      history = loaded.history;
      const opened = new Log(log, options, lock, loaded);
      await opened.#openLive();
      void history.maintain();
      return opened;
    } catch (cause) {
      await history?.close();
      lock?.release();
      throw ioError("open the log", path, cause);
    }
  }

  /** The live part; `undefined` while there is none, as amid a rotation. */
  get live(): LivePart | undefined {
    return this.#live;
  }

  /** The seq of the last line that is stored for good. */
  get lastSeq(): number {
    return this.#live?.lastSeq ?? this.history.lastSeq;
  }

  /** Grows each time another file is found under the log's name. */
  get generation(): number {
    return this.#generation;
  }

  /** The seq before the first one of the live part. */
  get base(): number {
    return this.#live?.base ?? this.history.lastSeq;
  }

  async #openLive(): Promise<void> {
    const { ops, sync } = this.#options;
    const live = await LivePart.open({
      ops,
      sync,
      log: this.path,
      folder: this.#folder,
      base: this.history.lastSeq,
      seed: this.history.seed,
      tornPath: `${this.path}.torn-${this.#lastTorn + 1}`,
    });
    if (live.tornPath !== undefined) {
      this.#lastTorn++;
      this.tornPaths.push(live.tornPath);
    }
    this.#live = live;
  }

  /**
   * Makes sure that what stands under the log's name is the file that this log
   * has open, as long as it was left. If not, the file that is there is read
   * anew, as at an open.
   */
  async refresh(): Promise<void> {
    try {
      await this.#refresh();
    } catch (cause) {
      throw ioError("look at", this.path, cause);
    }
  }

  async #refresh(): Promise<void> {
    const live = this.#live;
    if (live === undefined) {
      await this.#openLive();
      return;
    }
    if (live.isAsLeft(await this.#options.ops.stat(this.path))) return;
    this.#live = undefined;
    live.close();
    this.#generation++;
    await this.#openLive();
  }

  /** How many bytes fit into the live part. */
  get room(): number {
    return this.#options.maxBytes - (this.#live?.length ?? 0);
  }

  /**
   * Begins a new live part: gives the old one a name that says what it holds,
   * and leaves index and compression to the background.
   */
  async rotate(): Promise<void> {
    const live = this.#live!;
    if (this.history.isBehind) await this.history.maintain();
    const { ops } = this.#options;
    // Also where appends are not synced: a part that has left the live file is
    // never looked at again.
    await live.sync();
    const part = { first: live.base + 1, last: live.lastSeq };
    await ops.rename(this.path, partPath(this.path, part));
    this.#live = undefined;
    live.close();
    this.history.add(
      { ...part, plain: true, gzip: false },
      live.tables,
      live.length,
    );
    await ops.syncFolder(this.#folder);
    await this.#openLive();
    void this.history.maintain();
  }

  /**
   * The stored copy of an event, `undefined` where neither the live part nor the
   * remembered ones hold it.
   *
   * @returns A promise where a line must be read for it.
   */
  stored(event_id: string): Promise<StoredEvent | undefined> | undefined {
    const live = this.#live?.tables.line(event_id);
    if (live !== undefined) {
      const line = this.#live!.readLine(live);
      return this.#storedOn(line, this.base + live, event_id);
    }
    const found = this.history.find(event_id);
    if (found === undefined) return undefined;
    const chunks = partChunks(this.#options.ops, this.path, found.part);
    const line = nthLine(chunks, found.line - 1);
    return this.#storedOn(line, found.part.first - 1 + found.line, event_id);
  }

  async #storedOn(
    line: Promise<Uint8Array | undefined>,
    seq: number,
    event_id: string,
  ): Promise<StoredEvent | undefined> {
    const stored = readLine(await line, seq, this.path);
    // The line may have been edited since; then the log no longer holds the id.
    return stored.event.event_id === event_id ? stored : undefined;
  }

  /** The head of a trace; a promise where a file must be read for it. */
  head(trace_id: string): string | null | Promise<string | null> {
    const head = this.#live?.tables.head(trace_id);
    return head === undefined ? this.history.head(trace_id) : head;
  }

  /** Finishes the work in the background and gives everything back. */
  async close(): Promise<void> {
    try {
      await this.history.close();
    } finally {
      // The part itself stays known, for streams that have not caught up yet.
      this.#live?.close();
      this.#lock.release();
    }
  }
}
