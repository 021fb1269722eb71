// What passes between the sink and its threads.
import type { FilterPlan } from "../event_filter.ts";
import type { ReindexRequest } from "../rows/reindex.ts";
import type {
  Blobs,
  HeadRows,
  HeadsRequest,
  Page,
  PageRequest,
  StoredRows,
  WriteBatch,
} from "../rows/stored_rows.ts";
import type { SinkErrorCode } from "../sink_error.ts";
import type { SqliteDriverName } from "./connection.ts";
import type { DriverChoice } from "./load_driver.ts";

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
  heads(request: HeadsRequest): HeadRows;
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
