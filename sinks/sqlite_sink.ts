/**
 * The durable event log: one SQLite file.
 *
 * @module
 */
import { IdentityCodec } from "../codec/mod.ts";
import { ChangeSignal } from "./_change_signal.ts";
import { queryOptions, streamOptions } from "./_read_options.ts";
import { admitEvent } from "./create_event.ts";
import type { Event, StoredEvent } from "./event.ts";
import { type EventFilter, planFilter } from "./event_filter.ts";
import type {
  AuditableSink,
  AuditOptions,
  AuditRow,
  OrphanTerm,
} from "./auditable_sink.ts";
import type {
  QueryOptions,
  SinkSupports,
  StreamOptions,
} from "./event_sink.ts";
import { Pages } from "./rows/pages.ts";
import { reindex } from "./rows/reindex.ts";
import { RowCodec } from "./rows/row_codec.ts";
import { streamEvents } from "./rows/stream.ts";
import { SinkError } from "./sink_error.ts";
import { Appender } from "./sqlite/appender.ts";
import { auditOrphans, auditRows } from "./sqlite/audit.ts";
import { backup } from "./sqlite/backup.ts";
import { IN_MEMORY } from "./sqlite/connection.ts";
import { pageReader, reindexedLog } from "./sqlite/row_reads.ts";
import { Threads, type ThreadsOptions } from "./sqlite/threads.ts";
import { hasWalResetBug } from "./sqlite/wal_reset_bug.ts";
import {
  checkSqlitePath,
  checkSqliteSinkOptions,
  type SqliteSinkOptions,
} from "./sqlite_sink_options.ts";

export type { PayloadCodec } from "../codec/mod.ts";
export type { SqliteSinkOptions } from "./sqlite_sink_options.ts";

/** How the write-ahead log fares. */
export interface SqliteWalState {
  /** Checkpoints that moved everything into the database. */
  readonly checkpoints: number;
  /** Checkpoints that a reader, or a failing volume, kept from finishing. */
  readonly checkpointsBlocked: number;
}

/** What an open sink is made of. */
interface Parts {
  readonly path: string;
  readonly readOnly: boolean;
  readonly ctxFields: readonly string[];
  readonly followPollMs: number;
  readonly threadsOptions: ThreadsOptions;
  readonly threads: Threads;
  readonly codec: RowCodec;
  readonly pages: Pages;
  readonly appender: Appender;
  readonly change: ChangeSignal;
}

/**
 * The durable, canonical event log in one SQLite file: WAL, `synchronous=FULL`,
 * one writing connection on a thread of its own, reads on another.
 *
 * An append resolves when its commit is on disk. Appends that arrive while a
 * commit runs share the next one. Several sinks, in one process or in many, may
 * append to one file, unless SQLite has the WAL-reset bug (3.7.0 to 3.51.2):
 * then the second writer is refused with `unsafe_sqlite`. Within one process all
 * sinks of a file have to run on the same driver: two copies of SQLite would
 * break each other's locks, so the other driver is refused likewise.
 *
 * An append that is rejected with `io` may have been committed all the same, as
 * when the writing thread dies before it can tell. Append the event again: what
 * is there already is returned, not stored twice.
 *
 * If the file is moved, removed or replaced under the sink, that is found before
 * an append is acknowledged and when a read ends: the calls concerned fail with
 * `io`, the old file is left whole, and later calls go on with the file that
 * bears the name, which is made if there is none.
 *
 * Needs `--allow-read` and `--allow-write` for the file, its `-wal` and `-shm`,
 * and the `-zu-lock` beside it; `--allow-ffi` for driver `"ffi"`. An open sink
 * keeps the process alive until it is closed.
 *
 * @example A log in memory
 * ```ts
 * import { createEvent, SqliteSink } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * await using sink = await SqliteSink.open(":memory:", { driver: "builtin" });
 * await sink.append(createEvent({
 *   trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *   task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *   type: "harness.task.started",
 *   source: "loop",
 * }));
 * const [first] = await sink.query({ type: "harness.task.started" });
 * assertEquals(first?.seq, 1);
 * ```
 */
export class SqliteSink implements AuditableSink {
  /** The name it is registered by. */
  readonly name = "sqlite";
  /** In full, except that a log in memory does not outlive the sink. */
  readonly supports: SinkSupports;
  /** Which SQLite runs. */
  readonly driver: "ffi" | "builtin";
  /** SQLite's own version. */
  readonly sqliteVersion: string;
  /** The fields of `payload.ctx` that every row is indexed by. */
  readonly ctxFields: readonly string[];
  readonly #parts: Parts;
  #closing: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
    const { threads } = parts;
    const isFile = parts.path !== IN_MEMORY;
    this.ctxFields = parts.ctxFields;
    this.driver = threads.driver;
    this.sqliteVersion = threads.version;
    this.supports = {
      persistence: isFile,
      atomicAppendAll: true,
      unboundedIdempotence: true,
      sharedWriters: isFile && !hasWalResetBug(threads.version),
    };
  }

  /**
   * Opens a log, and makes it where there is none. A file of the predecessor is
   * upgraded by adding what is missing.
   *
   * @param path The file, or `":memory:"`. Its folder must exist.
   * @param options Codec, keys, driver and bounds.
   * @returns The open sink.
   * @throws {SinkError} `driver_unavailable`, `unsafe_sqlite`, `not_a_log`,
   * `read_only`, `locked`, or `io`.
   * @throws {TypeError} If the path names no file.
   * @throws {RangeError} If an option is out of bounds.
   */
  static async open(
    path: string,
    options: SqliteSinkOptions = {},
  ): Promise<SqliteSink> {
    checkSqlitePath(path);
    const checked = checkSqliteSinkOptions(options);
    const { readOnly, ctxFields } = checked;
    const codec = new RowCodec(
      options.codec ?? new IdentityCodec(),
      [...options.readers ?? []],
      checked,
    );
    const threadsOptions: ThreadsOptions = {
      path,
      readOnly,
      choice: checked.driver,
      busyTimeoutMs: checked.busyTimeoutMs,
      walBytesMax: checked.walBytesMax,
      withCtx: ctxFields.length > 0,
    };
    const threads = await Threads.open(threadsOptions);
    const change = new ChangeSignal();
    const parts: Parts = {
      path,
      readOnly,
      ctxFields,
      followPollMs: checked.followPollMs,
      threadsOptions: { ...threadsOptions, choice: threads.driver },
      threads,
      codec,
      change,
      pages: new Pages(pageReader(threads), codec, options.onCorrupt),
      appender: new Appender({
        writer: () => threads.writer(),
        codec,
        signKey: options.signKey && Uint8Array.from(options.signKey),
        ctxFields,
        queueMax: checked.queueMax,
        headsMax: checked.headsMax,
        onCommit: () => change.notify(),
      }),
    };
    try {
      if (!readOnly && ctxFields.length > 0) {
        await reindex(reindexedLog(threads), codec, ctxFields);
      }
    } catch (error) {
      await threads.close();
      throw error;
    }
    return new SqliteSink(parts);
  }

  /** Appends an event; see {@linkcode EventSink.append}. */
  async append(event: Event): Promise<StoredEvent> {
    const [stored] = await this.#submit([admitEvent(event)]);
    return stored!;
  }

  /** Appends several events in one transaction; see {@linkcode EventSink.appendAll}. */
  async appendAll(events: Iterable<Event>): Promise<StoredEvent[]> {
    return await this.#submit([...events].map(admitEvent));
  }

  async #submit(events: readonly Event[]): Promise<StoredEvent[]> {
    this.#assertOpen("append");
    const { readOnly, path, appender } = this.#parts;
    if (readOnly) {
      throw new SinkError(
        "read_only",
        `Cannot append: ${path} was opened with readOnly`,
      );
    }
    return events.length === 0 ? [] : await appender.submit(events);
  }

  /** Reads matching events; see {@linkcode EventSink.query}. */
  async query(
    filter?: EventFilter,
    options?: QueryOptions,
  ): Promise<StoredEvent[]> {
    this.#assertOpen("query");
    return await this.#parts.pages.all(
      planFilter(filter, this.#parts.ctxFields),
      queryOptions(options),
    );
  }

  /**
   * Streams matching events; see {@linkcode EventSink.stream}. Beside a batch of
   * events it holds two pages of stored rows at most, each of 1,024 rows and half
   * a mebibyte, or of a single larger row.
   */
  stream(
    filter?: EventFilter,
    options?: StreamOptions,
  ): AsyncGenerator<StoredEvent, void, undefined> {
    const { path, pages, threads, change, followPollMs } = this.#parts;
    const dataVersion = async () =>
      await (await threads.reader()).call("dataVersion", "follow");
    return streamEvents(pages, change, dataVersion, () => {
      this.#assertOpen("stream");
      return {
        ...streamOptions(options),
        plan: planFilter(filter, this.#parts.ctxFields),
        // A log in memory has no other writers.
        pollMs: path === IN_MEMORY ? undefined : followPollMs,
        isClosed: () => this.#closing !== undefined,
      };
    });
  }

  /** Counts matching events; see {@linkcode EventSink.count}. */
  async count(filter?: EventFilter): Promise<number> {
    this.#assertOpen("count");
    const plan = planFilter(filter, this.#parts.ctxFields);
    const reader = await this.#parts.threads.reader();
    return await reader.call("count", "count", plan);
  }

  /** Reads every row as stored; see {@linkcode AuditableSink.audit}. */
  audit(
    options?: AuditOptions,
  ): AsyncGenerator<AuditRow[], void, undefined> {
    this.#assertOpen("audit");
    return auditRows(this.#parts.threads, this.#parts.codec, options);
  }

  /** Reads side-index rows of no event; see {@linkcode AuditableSink.auditOrphans}. */
  auditOrphans(
    options?: Omit<AuditOptions, "afterSeq">,
  ): AsyncGenerator<OrphanTerm[], void, undefined> {
    this.#assertOpen("audit");
    return auditOrphans(this.#parts.threads, options);
  }

  /**
   * Copies the log as it is at one moment into a new file, while appending and
   * reading go on. The copy is whole and synced when it gets its name.
   *
   * Needs `--allow-read` and `--allow-write` for the target's folder.
   *
   * @param target The new file's path; there must be none yet.
   * @throws {SinkError} `io`, `disk_full` or `closed`.
   */
  async backup(target: string): Promise<void> {
    this.#assertOpen("back up");
    const { threads, threadsOptions } = this.#parts;
    await backup(target, threadsOptions, () => threads.reader());
  }

  /**
   * Moves what it can of the write-ahead log into the database, and tells how
   * checkpoints have gone so far. The sink does so by itself as it writes.
   *
   * @returns How many checkpoints finished, and how many a reader kept from it.
   * @throws {SinkError} `closed`, `read_only` or `io`.
   */
  async checkpoint(): Promise<SqliteWalState> {
    this.#assertOpen("checkpoint");
    if (this.#parts.readOnly) {
      throw new SinkError(
        "read_only",
        `Cannot checkpoint: ${this.#parts.path} was opened with readOnly`,
      );
    }
    const writer = await this.#parts.threads.writer();
    return await writer.call("checkpoint", "checkpoint");
  }

  /** Waits for accepted appends and closes the file; see {@linkcode EventSink.close}. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const { change, appender, threads } = this.#parts;
    change.notify();
    await appender.drained();
    await threads.close();
  }

  /** Closes the sink at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(what: string): void {
    if (this.#closing !== undefined) {
      throw new SinkError(
        "closed",
        `Cannot ${what}: the sink of ${this.#parts.path} is closed. Open it again`,
      );
    }
  }
}
