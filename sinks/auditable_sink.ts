import type { EventSink } from "./event_sink.ts";
import type { FilterTerm } from "./event_filter.ts";
import type { SinkError } from "./sink_error.ts";

/** The columns that a row keeps beside the event, to be searched by. */
export interface AuditColumns {
  /** The event's own id. */
  readonly event_id: string;
  /** The run. */
  readonly trace_id: string;
  /** The task within the run. */
  readonly task_id: string;
  /** The causing event. */
  readonly parent_id: string | null;
  /** What happened. */
  readonly type: string;
  /** Who says so. */
  readonly source: string;
}

/** A row or line as it is stored, for verification. */
export interface AuditRow {
  /** Its number in the log. */
  readonly seq: number;
  /** The event's stored text, decrypted; absent where it cannot be decoded. */
  readonly text?: string;
  /** Why it cannot be decoded, in place of the text. */
  readonly error?: SinkError;
  /** The columns beside it, where the sink keeps any. */
  readonly columns?: AuditColumns;
  /**
   * The rows of the side index under the `event_id` column, none of them being
   * an empty list; absent where the sink keeps no such index.
   */
  readonly ctx?: readonly FilterTerm[];
}

/** A row of the side index that belongs to no event. */
export interface OrphanTerm extends FilterTerm {
  /** The event that it names. */
  readonly event_id: string;
}

/** How to audit. */
export interface AuditOptions {
  /**
   * Only rows behind this place in the log.
   * @default {0}
   */
  readonly afterSeq?: number;
  /**
   * How many rows are read at a time, 1 to 10,000.
   * @default {128}
   */
  readonly batchSize?: number;
  /** Ends the iteration, which throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * What a sink may offer beside the port: its rows as they are stored, so that
 * {@linkcode verifyLog} can go on past a broken one, and can compare what is
 * searched by with what was said.
 */
export interface AuditableSink extends EventSink {
  /**
   * The fields of `payload.ctx` that every row is expected to be indexed by, where
   * the sink keeps an index of them.
   */
  readonly ctxFields: readonly string[];
  /**
   * Reads every row in the order of the log, the broken ones included: they
   * come with an `error`, and do not end the iteration.
   *
   * @param options Start, batch size, cancellation.
   * @returns Batches of rows. Leaving the loop releases what is held.
   * @throws {SinkError} `closed`, or `io` where the storage cannot be read.
   */
  audit(options?: AuditOptions): AsyncIterable<readonly AuditRow[]>;
  /**
   * Reads the rows of the side index that belong to no event. A sink without a
   * side index has no such method.
   *
   * @param options Batch size, cancellation.
   * @returns Batches of rows.
   */
  auditOrphans?(
    options?: Omit<AuditOptions, "afterSeq">,
  ): AsyncIterable<readonly OrphanTerm[]>;
}

/**
 * Whether a sink offers its rows for audit.
 *
 * @param sink Any sink.
 * @returns Whether it has an `audit` method.
 *
 * @example A sink that holds events only
 * ```ts
 * import { isAuditable, MemorySink } from "@zu/backends/sinks";
 * import { assert } from "@std/assert";
 *
 * await using sink = new MemorySink();
 * assert(!isAuditable(sink));
 * ```
 */
export function isAuditable(sink: EventSink): sink is AuditableSink {
  return typeof (sink as Partial<AuditableSink>).audit === "function";
}
