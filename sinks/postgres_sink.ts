/**
 * The event log for many machines: a schema of a PostgreSQL database.
 *
 * @module
 */
import { IdentityCodec } from "../codec/mod.ts";
import { ChangeSignal } from "./_change_signal.ts";
import { queryOptions, streamOptions } from "./_read_options.ts";
import type {
  AuditableSink,
  AuditOptions,
  AuditRow,
  OrphanTerm,
} from "./auditable_sink.ts";
import { admitEvent } from "./create_event.ts";
import type { Event, StoredEvent } from "./event.ts";
import { type EventFilter, planFilter } from "./event_filter.ts";
import type {
  QueryOptions,
  SinkSupports,
  StreamOptions,
} from "./event_sink.ts";
import type { PostgresDurability } from "./postgres/append_lane.ts";
import { auditOrphans, auditRows } from "./postgres/audit.ts";
import { openParts, type Parts } from "./postgres/parts.ts";
import {
  checkPostgresSinkOptions,
  type PostgresAddress,
  type PostgresSinkOptions,
} from "./postgres_sink_options.ts";
import { RowCodec } from "./rows/row_codec.ts";
import { streamEvents } from "./rows/stream.ts";
import { SinkError } from "./sink_error.ts";

export type { PayloadCodec } from "../codec/mod.ts";
export type { PostgresDurability } from "./postgres/append_lane.ts";
export type {
  PostgresAddress,
  PostgresAddressParts,
  PostgresSinkOptions,
} from "./postgres_sink_options.ts";

/**
 * The event log in a schema of a PostgreSQL database (13 or later), for agents on many
 * machines: any number of processes append to it and read it at once. Columns, blobs
 * and chain are those of the SQLite file.
 *
 * An append resolves when its transaction is committed: on the server's disk, and on
 * those of the synchronous standbys where it has any; {@linkcode durability} tells
 * which. Appends to different traces run side by side, those to one trace one after the
 * other. Appends of one sink that are on their way together share a transaction, and
 * are stored in the order in which they were made; only where the connection breaks
 * amid them, appends to different traces may change places.
 *
 * Where the connection is lost, or the server restarts or fails over, an append is
 * tried again for `reconnectMs`, with a look at what the last attempt has stored:
 * nothing is stored twice. One that is rejected with `io` may have been stored all the
 * same. Append the event again: what is there already is returned.
 *
 * No reader skips an event, or sees it out of order: reading ends where the log is
 * settled, before the first place that somebody has drawn and not yet committed. A
 * sink's own reads see what it has acknowledged.
 *
 * Behind a pooler in transaction mode all of this holds, but for being notified: there
 * a stream that follows looks for events of others every `followPollMs`.
 *
 * Needs `--allow-net` for the server's host and port, and `--allow-env=PG*`, where
 * npm:postgres looks for defaults; for an address without a role it also asks for the
 * user's name. An open sink keeps the process alive until it is closed.
 *
 * @example A log on a server of one's own
 * ```ts ignore
 * import { createEvent, PostgresSink } from "@zu/backends/sinks";
 *
 * await using sink = await PostgresSink.open("postgres://agent@127.0.0.1/agents");
 * await sink.append(createEvent({
 *   trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *   task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *   type: "harness.task.started",
 *   source: "loop",
 * }));
 * console.log(sink.durability);
 * ```
 */
export class PostgresSink implements AuditableSink {
  /** The name it is registered by. */
  readonly name = "postgres";
  /** In full. */
  readonly supports: SinkSupports = {
    persistence: true,
    atomicAppendAll: true,
    unboundedIdempotence: true,
    sharedWriters: true,
  };
  /** The server's version, such as `15.18`. */
  readonly serverVersion: string;
  /** The schema that the log is in. */
  readonly schema: string;
  /** The fields of `payload.ctx` that every row is indexed by. */
  readonly ctxFields: readonly string[];
  readonly #parts: Parts;
  #closing: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.serverVersion = parts.serverVersion;
    this.schema = parts.options.schema;
    this.ctxFields = parts.options.ctxFields;
  }

  /**
   * Opens a log, and makes it where there is none.
   *
   * @param address The server and the database.
   * @param options Codec, keys, schema, connections and bounds.
   * @returns The open sink.
   * @throws {SinkError} `io`, `not_durable`, `not_a_log` or `read_only`.
   * @throws {TypeError} If the address is none.
   * @throws {RangeError} If an option is out of bounds.
   */
  static async open(
    address: PostgresAddress,
    options: PostgresSinkOptions = {},
  ): Promise<PostgresSink> {
    const checked = checkPostgresSinkOptions(address, options);
    const codec = new RowCodec(
      options.codec ?? new IdentityCodec(),
      [...options.readers ?? []],
      checked,
    );
    return new PostgresSink(
      await openParts(checked, codec, new ChangeSignal(), {
        signKey: options.signKey && Uint8Array.from(options.signKey),
        onCorrupt: options.onCorrupt,
      }),
    );
  }

  /** How durable the last acknowledgement was; at first, what the next one will be. */
  get durability(): PostgresDurability {
    return this.#parts.durability();
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
    const { options, appender } = this.#parts;
    if (options.readOnly) {
      throw new SinkError(
        "read_only",
        "Cannot append: the log was opened with readOnly",
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
      planFilter(filter, this.ctxFields),
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
    const { pages, change, settled, listen } = this.#parts;
    const dataVersion = async () => {
      await listen();
      return await settled.now();
    };
    return streamEvents(pages, change, dataVersion, () => {
      this.#assertOpen("stream");
      return {
        ...streamOptions(options),
        plan: planFilter(filter, this.ctxFields),
        pollMs: this.#parts.options.followPollMs,
        isClosed: () => this.#closing !== undefined,
      };
    });
  }

  /** Counts matching events; see {@linkcode EventSink.count}. */
  async count(filter?: EventFilter): Promise<number> {
    this.#assertOpen("count");
    return await this.#parts.reads.count(planFilter(filter, this.ctxFields));
  }

  /** Reads every row as stored; see {@linkcode AuditableSink.audit}. */
  audit(options?: AuditOptions): AsyncGenerator<AuditRow[], void, undefined> {
    this.#assertOpen("audit");
    const { lane, settled, codec } = this.#parts;
    return auditRows(lane, settled, codec, options);
  }

  /** Reads side-index rows of no event; see {@linkcode AuditableSink.auditOrphans}. */
  auditOrphans(
    options?: Omit<AuditOptions, "afterSeq">,
  ): AsyncGenerator<OrphanTerm[], void, undefined> {
    this.#assertOpen("audit");
    return auditOrphans(this.#parts.lane, options);
  }

  /** Waits for accepted appends and ends the connections; see {@linkcode EventSink.close}. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const { change, appender, closeAll } = this.#parts;
    change.notify();
    await appender.drained();
    await closeAll();
  }

  /** Closes the sink at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(what: string): void {
    if (this.#closing !== undefined) {
      throw new SinkError(
        "closed",
        `Cannot ${what}: the sink is closed. Open it again`,
      );
    }
  }
}
