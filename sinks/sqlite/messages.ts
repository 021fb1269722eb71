// What passes between the sink and its threads.
import type { FilterPlan } from "../event_filter.ts";
import type { SinkErrorCode } from "../sink_error.ts";
import type { SqliteDriverName } from "./connection.ts";
import type { DriverChoice } from "./load_driver.ts";

/** Columns of a row beside seq and data, in this order, six a row. */
export const ROW_COLUMNS = [
  "event_id",
  "trace_id",
  "task_id",
  "parent_id",
  "type",
  "source",
] as const;

/** The blobs of several rows, one behind the other in one buffer. */
export interface Blobs {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly lengths: readonly number[];
}

/** What the sink believed of a trace when it linked a batch. */
export interface HeadProof {
  readonly trace_id: string;
  /** The trace's last seq, 0 for none. */
  readonly seq: number;
  /** The epoch in which that was found. */
  readonly epoch: number;
}

/** Rows to be inserted in one transaction. */
export interface WriteBatch {
  /** The batch's own number. */
  readonly id: number;
  /** The batch that this one was linked behind before that was committed. */
  readonly basis: number | undefined;
  /** Columns, six a row, see {@linkcode ROW_COLUMNS}. */
  readonly columns: readonly (string | null)[];
  readonly blobs: Blobs;
  /** Side-index rows: event_id, field, value. */
  readonly ctx: readonly (readonly [string, string, string | null])[];
  readonly proofs: readonly HeadProof[];
}

/** How a batch ended. */
export type WriteOutcome =
  | {
    readonly kind: "committed";
    readonly lastSeq: number;
    readonly epoch: number;
  }
  /** Somebody else appended to one of the traces; nothing was written. */
  | { readonly kind: "stale"; readonly epoch: number }
  /** Some of the ids are in the log; nothing was written. */
  | { readonly kind: "duplicate" };

/** Rows as stored. */
export interface StoredRows {
  readonly seqs: readonly number[];
  /** The row AAD of each row; empty for rows in plain text, which need none. */
  readonly aads: Blobs;
  readonly blobs: Blobs;
}

/** A trace's last row before some place, if it has one. */
export interface HeadRows {
  readonly epoch: number;
  /** For each trace asked for, the index of its row in `rows`, or -1. */
  readonly found: readonly number[];
  readonly rows: StoredRows;
}

/** Which matching rows to read. */
export interface PageRequest {
  readonly plan: FilterPlan;
  readonly afterSeq: number;
  readonly limit: number;
}

/** A page of matching rows. */
export interface Page {
  readonly rows: StoredRows;
  /** Whether there is nothing behind the page yet. */
  readonly isLast: boolean;
  /** No row up to here is left to be read. */
  readonly readTo: number;
}

/** A page with every column and side-index row, for verification. */
export interface AuditPage {
  readonly rows: StoredRows;
  /** Whether there is nothing behind the page yet. */
  readonly isLast: boolean;
  /** Columns as stored, see `AUDITED` in select.ts. */
  readonly columns: Blobs;
  /** Side-index rows, in the order of seq. */
  readonly ctx: readonly AuditTerm[];
}

/**
 * A side-index row: seq, field, value, and which index has it: event_index, our
 * copy of it, or both.
 */
export type AuditTerm = readonly [
  seq: number,
  field: string,
  value: string | null,
  place: "shared" | "own" | "both",
];

/** A side-index row of no event: its rowid, whose it says it is, field, value. */
export type OrphanRow = readonly [number, string, string, string | null];

/** How the write-ahead log fares. */
export interface WalState {
  /** Checkpoints that moved every page into the database. */
  readonly checkpoints: number;
  /** Checkpoints that a reader, or a failing volume, kept from finishing. */
  readonly checkpointsBlocked: number;
}

/** Every call that a thread answers: its argument and its result. */
export interface ThreadCalls {
  load(choice: DriverChoice): { driver: SqliteDriverName; version: string };
  open(options: OpenRequest): void;
  write(batch: WriteBatch): WriteOutcome;
  /** Takes the write lock and keeps it until the next write or `unlock`. */
  lock(leaseMs: number): void;
  unlock(): void;
  /** The rows that are in the log under some of these ids. */
  stored(event_ids: readonly string[]): StoredRows;
  heads(request: { trace_ids: readonly string[]; before?: number }): HeadRows;
  reindex(request: ReindexRequest): void;
  indexedTo(fields: readonly string[]): number[];
  checkpoint(): WalState;
  page(request: PageRequest): Page;
  count(plan: FilterPlan): number;
  audit(request: { afterSeq: number; limit: number }): AuditPage;
  orphans(request: { afterRow: number; limit: number }): OrphanRow[];
  idOf(seq: number): string | undefined;
  dataVersion(): number;
  copyTo(path: string): void;
  close(): void;
}

/** How a thread opens its connection. */
export interface OpenRequest {
  readonly path: string;
  readonly readOnly: boolean;
  readonly busyTimeoutMs: number;
  readonly walBytesMax: number;
  readonly withCtx: boolean;
}

/** Side-index rows for a field that was registered late. */
export interface ReindexRequest {
  readonly rows: readonly (readonly [string, string, string | null])[];
  readonly fields: readonly string[];
  readonly indexedTo: number;
}

/** A request on its way to a thread. */
export interface Request {
  readonly id: number;
  readonly call: keyof ThreadCalls;
  readonly argument: unknown;
}

/** An error that crosses a thread: structured clones lose classes and codes. */
export interface ThreadFailure {
  readonly code: SinkErrorCode;
  readonly message: string;
  /** Whether the thread has given its connection up, and answers no more. */
  readonly ends?: boolean;
  /** The driver's own error; its code is SQLite's, where it has one. */
  readonly cause?: {
    readonly name: string;
    readonly message: string;
    readonly code?: number | string | undefined;
  };
}

/** A thread's answer. */
export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: ThreadFailure };
