/**
 * The event log as a file of JSON lines.
 *
 * @module
 */
import type {
  AuditableSink,
  AuditOptions,
  AuditRow,
} from "./auditable_sink.ts";
import { ChangeSignal } from "./_change_signal.ts";
import { admitEvent } from "./create_event.ts";
import type { Event, StoredEvent } from "./event.ts";
import {
  type EventFilter,
  type FilterPlan,
  planFilter,
} from "./event_filter.ts";
import type {
  QueryOptions,
  SinkSupports,
  StreamOptions,
} from "./event_sink.ts";
import { Appender } from "./jsonl/_appender.ts";
import { Log } from "./jsonl/_log.ts";
import { Mutex } from "./jsonl/_mutex.ts";
import { type LineRun, LogCursor } from "./jsonl/_read_log.ts";
import { auditRows, matchingEvents } from "./jsonl/_read_runs.ts";
import {
  type CheckedOptions,
  checkOptions,
  type JsonlSinkOptions,
} from "./jsonl/_sink_options.ts";
import { queryOptions, streamOptions } from "./_read_options.ts";
import { SinkError } from "./sink_error.ts";

export type { FsyncPolicy, JsonlSinkOptions } from "./jsonl/_sink_options.ts";
export type {
  FileOps,
  FileState,
  LogFile,
  OpenMode,
} from "./jsonl/_file_ops.ts";

/**
 * An event log in a file, one event text a line: for `grep`, `jq` and whatever
 * else reads JSON lines. Needs `--allow-read` and `--allow-write` for the log's
 * folder.
 *
 * The constructor touches nothing; the first call opens the log, and so does
 * `open`. An event's `seq` is its line's number in the whole log. Where a line
 * is no event, reading says so (see `onCorrupt`), and appending works.
 *
 * **Opening** reads the live part once. A last line that was torn by a crash is
 * moved to a file `<log>.torn-<n>` (see `tornFiles`); one that lacks only its
 * newline is given it.
 *
 * **Storing.** An append resolves when its line is on disk, in the way that
 * `fsync` says. If writing or syncing fails, the appends concerned are rejected
 * and the file is cut back to its last good length before anything else is
 * written; until that succeeds, appends are refused. `appendAll` is all or none
 * as long as the process lives, but lines have no transactions: if the process
 * is killed amid the write, a first part of them may stay.
 *
 * **Rotation.** A live part that would grow over `maxBytes` is renamed to
 * `<log>.<first seq>-<last seq>`, and compressed to `….gz` in the background.
 * Reads, numbers and chains go on across parts; old ones may be moved away. The
 * file `<log>.index` holds every trace's head, so chains are exact whatever the
 * number of traces; it is rebuilt from the parts when it is missing or damaged.
 * A repeated `event_id` is recognised over the live part and the newest rotated
 * ones (see `rememberedParts`), so `supports.unboundedIdempotence` is false.
 *
 * **One writer.** The lock is on `<log>.lock`; a second writer, in this process
 * or another, is refused with `locked`. If another program moves, replaces or
 * cuts the log under the sink, that is found before an append is acknowledged
 * and when a read begins: the file that is there then is taken for the live
 * part, numbers and chains go on behind the rotated parts as at an open, and
 * streams that follow go on at its first line.
 *
 * @example A log that outlives the sink
 * ```ts
 * import { createEvent } from "@zu/backends/sinks";
 * import { JsonlSink } from "@zu/backends/sinks/jsonl";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   await using sink = new JsonlSink(`${folder}/run.jsonl`);
 *   await sink.append(createEvent({
 *     trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *     task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *     type: "harness.task.started",
 *     source: "loop",
 *   }));
 * }
 * await using sink = new JsonlSink(`${folder}/run.jsonl`);
 * assertEquals(await sink.count({ source: "loop" }), 1);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class JsonlSink implements AuditableSink {
  /** The name it is registered by. */
  readonly name = "jsonl";
  /** What a file of lines can keep of the contract; the class says why. */
  readonly supports: SinkSupports = {
    persistence: true,
    atomicAppendAll: false,
    unboundedIdempotence: false,
    sharedWriters: false,
  };
  /** The path that the sink was made with. */
  readonly path: string;
  /** The fields of `payload.ctx` that can be filtered by. */
  readonly ctxFields: readonly string[];
  readonly #options: CheckedOptions;
  readonly #mutex = new Mutex();
  readonly #change = new ChangeSignal();
  readonly #appender: Appender;
  #log: Log | undefined;
  #closing: Promise<void> | undefined;
  #isEnded = false;

  /**
   * Makes a sink for a log that is there already or will be made.
   *
   * @param path The log's live file; its folder must be there.
   * @param options Durability, rotation, filters, signing, bounds.
   * @throws {TypeError} If the path is empty or no string.
   * @throws {RangeError} If an option is out of bounds.
   */
  constructor(path: string, options: JsonlSinkOptions = {}) {
    if (typeof path !== "string" || path === "") {
      throw new TypeError("Cannot make a JSONL sink: its path is no file name");
    }
    this.path = path;
    this.#options = checkOptions(options);
    this.ctxFields = this.#options.ctxFields;
    this.#appender = new Appender({
      ...this.#options,
      single: this.#options.fsync === "always",
      ready: () => this.#current(),
      exclusive: (step) => this.#mutex.run(step),
      onGrown: () => this.#change.notify(),
    });
  }

  /**
   * The files that torn bytes were moved to since this sink opened the log:
   * empty in most lives of a log.
   */
  get tornFiles(): readonly string[] {
    return this.#log === undefined ? [] : [...this.#log.tornPaths];
  }

  /**
   * Opens the log, as any other first call does: to learn early that it cannot
   * be.
   *
   * @throws {SinkError} `locked`, `not_a_log`, `closed`, or what the storage
   * reports.
   */
  async open(): Promise<void> {
    await this.#ready("open");
  }

  /** The log as it is now. To be called where nobody else changes it. */
  async #current(): Promise<Log> {
    if (this.#log === undefined) {
      const { fileOps: ops, fsync } = this.#options;
      const options = { ...this.#options, ops, sync: fsync !== "never" };
      this.#log = await Log.open(this.path, options);
    } else {
      const { generation } = this.#log;
      await this.#log.refresh();
      if (this.#log.generation !== generation) this.#change.notify();
    }
    return this.#log;
  }

  /** The same for readers. */
  #ready(what: string): Promise<Log> {
    this.#assertOpen(what);
    return this.#mutex.run(() => {
      this.#assertOpen(what);
      return this.#current();
    });
  }

  /** Appends an event; see {@linkcode EventSink.append}. */
  append(event: Event): Promise<StoredEvent> {
    // Not an async function, which would cost each append two more promises.
    try {
      this.#assertOpen("append");
      return this.#appender.append([admitEvent(event)], ([stored]) => stored!);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Appends several events next to each other; see
   * {@linkcode EventSink.appendAll}.
   */
  async appendAll(events: Iterable<Event>): Promise<StoredEvent[]> {
    this.#assertOpen("append");
    const admitted = [...events].map(admitEvent);
    return await this.#appender.append(admitted, (stored) => stored);
  }

  /** Reads matching events; see {@linkcode EventSink.query}. */
  async query(
    filter?: EventFilter,
    options?: QueryOptions,
  ): Promise<StoredEvent[]> {
    this.#assertOpen("query");
    const { limit, afterSeq } = queryOptions(options);
    const plan = planFilter(filter, this.ctxFields);
    const found: StoredEvent[] = [];
    if (limit === 0) return found;
    const cursor = await this.#cursor("query", afterSeq);
    for await (const run of cursor.runs()) {
      for (const stored of this.#matching(run, plan)) {
        found.push(stored);
        if (found.length === limit) return found;
      }
    }
    return found;
  }

  /**
   * Streams matching events; see {@linkcode EventSink.stream}. The file is read
   * 64 KiB at a time, whatever the batch size.
   */
  async *stream(
    filter?: EventFilter,
    options?: StreamOptions,
  ): AsyncGenerator<StoredEvent, void, undefined> {
    this.#assertOpen("stream");
    const { afterSeq, follow, signal } = streamOptions(options);
    const plan = planFilter(filter, this.ctxFields);
    signal?.throwIfAborted();
    const cursor = await this.#cursor("stream", afterSeq);
    while (true) {
      // Both are taken before reading: what comes after is read next time.
      const { version } = this.#change;
      const isEnded = this.#isEnded;
      signal?.throwIfAborted();
      for await (const run of cursor.runs()) {
        signal?.throwIfAborted();
        for (const stored of this.#matching(run, plan)) {
          yield stored;
          signal?.throwIfAborted();
          if (!follow) this.#assertOpen("stream");
        }
      }
      if (!follow || isEnded) return;
      await this.#change.changed(version, { signal });
    }
  }

  /** Counts matching events; see {@linkcode EventSink.count}. */
  async count(filter?: EventFilter): Promise<number> {
    this.#assertOpen("count");
    const plan = planFilter(filter, this.ctxFields);
    const cursor = await this.#cursor("count", 0);
    let count = 0;
    for await (const run of cursor.runs()) {
      for (const _ of this.#matching(run, plan)) count++;
    }
    return count;
  }

  /**
   * Reads every line as it stands, the broken ones included; see
   * {@linkcode AuditableSink.audit}.
   */
  async *audit(
    options: AuditOptions = {},
  ): AsyncGenerator<readonly AuditRow[], void, undefined> {
    this.#assertOpen("audit");
    const { batchSize, afterSeq, signal } = streamOptions(options);
    signal?.throwIfAborted();
    const cursor = await this.#cursor("audit", afterSeq);
    for await (const run of cursor.runs()) {
      const rows = auditRows(run, this.path);
      for (let at = 0; at < rows.length; at += batchSize) {
        signal?.throwIfAborted();
        this.#assertOpen("audit");
        yield rows.slice(at, at + batchSize);
      }
    }
  }

  #matching(run: LineRun, plan: FilterPlan): Iterable<StoredEvent> {
    return matchingEvents(run, plan, this.path, this.#options.onCorrupt);
  }

  async #cursor(what: string, afterSeq: number): Promise<LogCursor> {
    const log = await this.#ready(what);
    return new LogCursor(log, {
      ops: this.#options.fileOps,
      refresh: async () => {
        await this.#ready(what);
      },
    }, afterSeq);
  }

  /** Stores what was accepted and lets go of the log; see {@linkcode EventSink.close}. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#appender.drained();
    try {
      await this.#mutex.run(async () => await this.#log?.close());
    } finally {
      this.#isEnded = true;
      this.#change.notify();
    }
  }

  /** Closes the sink at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(what: string): void {
    if (this.#closing === undefined) return;
    throw new SinkError(
      "closed",
      `Cannot ${what}: the sink of ${this.path} is closed. Make a new one`,
    );
  }
}
