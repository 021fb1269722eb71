/** What went wrong, as a word that code can switch on. */
export type SinkErrorCode =
  /** The sink, the bus or the stream was used after `close`. */
  | "closed"
  /** Another event with this `event_id` is in the log already. */
  | "duplicate_id"
  /** A filter names a field that this sink does not index. */
  | "unknown_filter"
  /** A stored row cannot be decoded or is no event. */
  | "corrupt_row"
  /** A line of a JSONL file is no event. */
  | "corrupt_line"
  /** The event breaks a rule of the format and was not accepted. */
  | "invalid_event"
  /** The event came with chain fields that do not link to the trace's head. */
  | "broken_link"
  /** Another writer holds the log. */
  | "locked"
  /** The volume or the quota is full. */
  | "disk_full"
  /** This SQLite could lose committed pages under a second writer. */
  | "unsafe_sqlite"
  /** The server, as it is set, could lose what it acknowledges. */
  | "not_durable"
  /** No SQLite driver could be loaded. */
  | "driver_unavailable"
  /** The file is not a log of this format, or of a newer one. */
  | "not_a_log"
  /** The log refused a write for lack of permission or a read-only volume. */
  | "read_only"
  /** Reading or writing failed below the sink; `cause` has the details. */
  | "io"
  /** More work is queued than the sink's bound allows. */
  | "overloaded";

/** Where in the log the error was found. */
export interface SinkErrorOptions extends ErrorOptions {
  /** The row's or line's number in the log. */
  readonly seq?: number | undefined;
  /** The event's id. */
  readonly event_id?: string | undefined;
}

/**
 * An error of the event log that a caller may want to catch.
 *
 * @example Telling one failure from another
 * ```ts
 * import { createEvent, MemorySink, SinkError } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * const sink = new MemorySink();
 * await sink.close();
 * try {
 *   await sink.count();
 * } catch (error) {
 *   if (!(error instanceof SinkError)) throw error;
 *   assertEquals(error.code, "closed");
 * }
 * ```
 */
export class SinkError extends Error {
  /** The class's name, for logs. */
  override readonly name = "SinkError";
  /** What went wrong; stable across releases. */
  readonly code: SinkErrorCode;
  /** The row's or line's number in the log, where one is known. */
  readonly seq: number | undefined;
  /** The event's id, where one is known. */
  readonly event_id: string | undefined;

  /**
   * Makes an error with a stable code.
   *
   * @param code What went wrong.
   * @param message What was tried, what was found and what to do.
   * @param options The cause, and where in the log.
   */
  constructor(
    code: SinkErrorCode,
    message: string,
    options: SinkErrorOptions = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.seq = options.seq;
    this.event_id = options.event_id;
  }
}
