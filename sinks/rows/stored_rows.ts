// Rows as they are stored, on their way between a sink and its storage.
import type { FilterPlan } from "../event_filter.ts";

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
  /** The id of its last event, null for none. */
  readonly event_id: string | null;
  /** The epoch in which that was found. */
  readonly epoch: number;
}

/** Rows to be inserted in one transaction. */
export interface WriteBatch {
  /** The batch's own number. */
  readonly id: number;
  /** The batch that this one was linked behind before that was committed. */
  readonly basis: number | undefined;
  /** Columns, six a row, in the order of `FILTER_COLUMNS`. */
  readonly columns: readonly (string | null)[];
  readonly blobs: Blobs;
  /** Side-index rows: event_id, field, value. */
  readonly ctx: readonly (readonly [string, string, string | null])[];
  readonly proofs: readonly HeadProof[];
}

/** Rows as stored. */
export interface StoredRows {
  readonly seqs: readonly number[];
  /** The row AAD of each row; empty for rows in plain text, which need none. */
  readonly aads: Blobs;
  readonly blobs: Blobs;
}

/** Which traces' last rows to read, and behind which place none counts. */
export interface HeadsRequest {
  readonly trace_ids: readonly string[];
  readonly before?: number;
}

/** A trace's last row before some place, if it has one. */
export interface HeadRows {
  readonly epoch: number;
  /** For each trace asked for, the index of its row in `rows`, or -1. */
  readonly found: readonly number[];
  /** The ids in the rows' own columns, which damage to an event does not reach. */
  readonly ids: readonly string[];
  readonly rows: StoredRows;
}

/** Where the last rows of traces are read. */
export interface HeadReader {
  heads(request: HeadsRequest): Promise<HeadRows>;
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

/** Where pages are read. */
export interface PageReader {
  page(request: PageRequest): Promise<Page>;
  /** The id in a row's own column. */
  idOf(seq: number): Promise<string | undefined>;
}
