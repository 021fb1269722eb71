/** What is wrong, as a word that code can switch on. */
export type ChainViolationCode =
  /** The event's content does not digest to its hash. */
  | "hash_mismatch"
  /** The event's `prev_hash` is not the hash of the trace's previous event. */
  | "broken_link"
  /** The signature is not that of the hash under the given key. */
  | "bad_signature"
  /** A key was given, and the event is linked but not signed. */
  | "missing_signature"
  /** An event without chain fields stands behind a linked one of its trace. */
  | "unlinked"
  /** An `event_id` occurs a second time. */
  | "duplicate_id"
  /** The head is not the one that was given, or that an anchor holds. */
  | "head_mismatch"
  /** An anchor holds more events of the trace than the log. */
  | "cut_tail"
  /** An anchor holds a trace of which the log has no event. */
  | "missing_trace"
  /** A column beside the event says something else than the event. */
  | "column_mismatch"
  /** A row of the side index says something else than the event, or is missing. */
  | "index_mismatch"
  /** A row of the side index belongs to no event. */
  | "orphan_index"
  /** A row or line cannot be decoded, or is no event. */
  | "unreadable_row"
  /** The log's own numbers do not grow. */
  | "seq_order";

/** One thing that is wrong with a log: data, to be shown or counted. */
export interface ChainViolation {
  /** What is wrong; stable across releases. */
  readonly code: ChainViolationCode;
  /** The same in words, with what was found and what it means. */
  readonly message: string;
  /** The row's or line's number in the log, where one is known. */
  readonly seq?: number;
  /** The event, `null` where none can be named. */
  readonly event_id: string | null;
  /** The trace, `null` where none can be named. */
  readonly trace_id: string | null;
  /** The column or the indexed field that differs. */
  readonly field?: string;
  /** What should stand there. */
  readonly expected?: string | null;
  /** What stands there. */
  readonly found?: string | null;
}
