// The writing half of a thread: the one connection of a sink that writes and
// checkpoints.
import { SinkError } from "../sink_error.ts";
import { unpackBlobs } from "../rows/blobs.ts";
import type { SqlConnection, SqlStatement } from "./connection.ts";
import { resultCode } from "./failure.ts";
import type {
  HeadProof,
  HeadRows,
  StoredRows,
  WriteBatch,
} from "../rows/stored_rows.ts";
import type { WalState, WriteOutcome } from "./messages.ts";
import { packRows } from "./reader.ts";
import type { ReindexRequest } from "../rows/reindex.ts";
import { ROW } from "./select.ts";

const CONSTRAINT = 19;
const COLUMNS_A_ROW = 6;
const TRACE_ID = 1;
/** How many commits may pass between two looks at the write-ahead log. */
const COMMITS_PER_CHECKPOINT = 256;

/** The batch that was committed last. */
interface Committed {
  readonly id: number;
  readonly columns: WriteBatch["columns"];
  readonly lastSeq: number;
  readonly epoch: number;
}

/** The last seq that a batch gave to a trace, 0 if it has none of it. */
function lastSeqIn({ columns, lastSeq }: Committed, trace_id: string): number {
  let seq = lastSeq;
  for (let at = columns.length - COLUMNS_A_ROW; at >= 0; at -= COLUMNS_A_ROW) {
    if (columns[at + TRACE_ID] === trace_id) return seq;
    seq--;
  }
  return 0;
}

/** Whether an id is in the log already; a trigger may refuse a row as well. */
function isTakenId(error: unknown): boolean {
  return resultCode(error) === CONSTRAINT &&
    String((error as Error).message).includes("events.event_id");
}

/** Writes on one connection. */
export class Writer {
  readonly #connection: SqlConnection;
  readonly #insert: SqlStatement;
  readonly #insertCtx: SqlStatement;
  readonly #lastRow: SqlStatement;
  readonly #rowById: SqlStatement;
  readonly #headBefore: SqlStatement;
  readonly #lastSeqOf: SqlStatement;
  readonly #version: SqlStatement;
  readonly #checkpoint: SqlStatement;
  #dataVersion = -1;
  // Not from 0: heads that were read by a writer before this one, whose thread has
  // died, must not pass for heads of this one's first epoch.
  #epoch: number = crypto.getRandomValues(new Uint32Array(1))[0]! * 2 ** 16;
  #last: Committed | undefined;
  #commits = 0;
  #checkpoints = 0;
  #checkpointsBlocked = 0;
  #lease: ReturnType<typeof setTimeout> | undefined;
  #isLocked = false;

  constructor(connection: SqlConnection) {
    this.#connection = connection;
    this.#insert = connection.prepare(
      "INSERT INTO events(event_id, trace_id, task_id, parent_id, type, source, data) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    // What is left in the side index of an event that is gone must not keep the
    // event from being appended; verifyLog tells of it.
    this.#insertCtx = connection.prepare(
      "INSERT OR REPLACE INTO event_index(event_id, field, value) VALUES (?, ?, ?)",
    );
    this.#lastRow = connection.prepare(
      "SELECT seq FROM sqlite_sequence WHERE name = 'events'",
    );
    this.#rowById = connection.prepare(
      `SELECT ${ROW} FROM events e WHERE e.event_id = ?`,
    );
    this.#headBefore = connection.prepare(
      `SELECT ${ROW}, e.event_id FROM events e WHERE e.trace_id = ? AND e.seq < ? ORDER BY e.seq DESC LIMIT 1`,
    );
    this.#lastSeqOf = connection.prepare(
      "SELECT max(seq) FROM events WHERE trace_id = ?",
    );
    this.#version = connection.prepare("PRAGMA data_version");
    this.#checkpoint = connection.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /** Begins a new epoch if another connection has committed since the last look. */
  #observe(): void {
    const version = Number(this.#version.rows()[0]![0]);
    if (version === this.#dataVersion) return;
    this.#dataVersion = version;
    this.#epoch++;
  }

  /** Runs something in one transaction, the locked one if there is one. */
  #transact<Result>(body: () => Result): Result {
    clearTimeout(this.#lease);
    if (!this.#isLocked) this.#begin();
    this.#isLocked = false;
    try {
      const result = body();
      if (this.#connection.inTransaction) this.#connection.exec("COMMIT");
      return result;
    } catch (error) {
      try {
        this.unlock();
      } catch {
        // The first error says more, and the next transaction tries again.
      }
      throw error;
    }
  }

  /**
   * Begins a transaction. One that is open was left by a ROLLBACK that failed:
   * nothing of it may be committed with what comes next.
   */
  #begin(): void {
    if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
    this.#connection.exec("BEGIN IMMEDIATE");
  }

  write(batch: WriteBatch): WriteOutcome {
    const outcome = this.#transact<WriteOutcome>(() => {
      this.#observe();
      if (!this.#isFresh(batch)) {
        this.unlock();
        return { kind: "stale", epoch: this.#epoch };
      }
      try {
        return this.#insertAll(batch);
      } catch (error) {
        if (!isTakenId(error)) throw error;
        this.unlock();
        return { kind: "duplicate" };
      }
    });
    this.#last = undefined;
    if (outcome.kind === "committed") {
      const { lastSeq, epoch } = outcome;
      this.#last = { id: batch.id, columns: batch.columns, lastSeq, epoch };
      this.#afterCommit();
    }
    return outcome;
  }

  /** Whether a batch was linked to what the log holds now. */
  #isFresh({ basis, proofs }: WriteBatch): boolean {
    const last = basis === undefined ? undefined : this.#last;
    if (basis !== last?.id) return false;
    return proofs.every((proof) => this.#holds(proof, last));
  }

  #holds(proof: HeadProof, last: Committed | undefined): boolean {
    if (proof.epoch === this.#epoch) return true;
    const own = last === undefined ? 0 : lastSeqIn(last, proof.trace_id);
    if (own > 0 && last?.epoch === this.#epoch) return true;
    const [found] = this.#lastSeqOf.rows(proof.trace_id)[0]!;
    return Number(found ?? 0) === (own > 0 ? own : proof.seq);
  }

  #insertAll({ columns, blobs, ctx }: WriteBatch): WriteOutcome {
    let at = 0;
    for (const blob of unpackBlobs(blobs)) {
      this.#insert.run(
        columns[at]!,
        columns[at + 1]!,
        columns[at + 2]!,
        columns[at + 3]!,
        columns[at + 4]!,
        columns[at + 5]!,
        blob,
      );
      at += COLUMNS_A_ROW;
    }
    for (const row of ctx) this.#insertCtx.run(...row);
    const lastSeq = Number(this.#lastRow.rows()[0]![0]);
    if (!Number.isSafeInteger(lastSeq)) {
      throw new SinkError(
        "io",
        `the log's numbers are used up: a row was moved to seq ${lastSeq}`,
      );
    }
    return { kind: "committed", lastSeq, epoch: this.#epoch };
  }

  /** The rows that are in the log under some of these ids. */
  stored(event_ids: readonly string[]): StoredRows {
    return packRows(event_ids.flatMap((id) => this.#rowById.rows(id)));
  }

  /** Takes the write lock; it is let go of when the lease runs out. */
  lock(leaseMs: number): void {
    this.#begin();
    this.#isLocked = true;
    this.#lease = setTimeout(() => this.unlock(), leaseMs);
  }

  /** Lets go of the write lock and of whatever was not committed. */
  unlock(): void {
    clearTimeout(this.#lease);
    this.#isLocked = false;
    if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
  }

  heads(
    { trace_ids, before = Number.MAX_SAFE_INTEGER }: {
      trace_ids: readonly string[];
      before?: number;
    },
  ): HeadRows {
    this.#observe();
    const found: number[] = [];
    const rows = [];
    for (const trace_id of trace_ids) {
      const [row] = this.#headBefore.rows(trace_id, before);
      found.push(row === undefined ? -1 : rows.length);
      if (row !== undefined) rows.push(row);
    }
    const ids = rows.map(([, , , event_id]) => String(event_id));
    return { epoch: this.#epoch, found, ids, rows: packRows(rows) };
  }

  /** How far each field is indexed already. */
  indexedTo(fields: readonly string[]): number[] {
    const statement = this.#connection.prepare(
      "SELECT indexed_to FROM zu_ctx_fields WHERE field = ?",
    );
    return fields.map((field) => Number(statement.rows(field)[0]?.[0] ?? 0));
  }

  reindex({ rows, fields, indexedTo }: ReindexRequest): void {
    const note = this.#connection.prepare(
      "INSERT INTO zu_ctx_fields(field, indexed_to) VALUES (?, ?) " +
        "ON CONFLICT(field) DO UPDATE SET indexed_to = max(indexed_to, excluded.indexed_to)",
    );
    this.#transact(() => {
      for (const row of rows) this.#insertCtx.run(...row);
      for (const field of fields) note.run(field, indexedTo);
    });
  }

  #afterCommit(): void {
    if (++this.#commits % COMMITS_PER_CHECKPOINT !== 0) return;
    try {
      this.checkpoint();
    } catch {
      // What was committed is in the write-ahead log, whatever becomes of this:
      // a full volume must not reject an append that is stored. The next
      // checkpoint tries again, and the count tells of it.
      this.#checkpointsBlocked++;
    }
  }

  /**
   * Moves what it can of the write-ahead log into the database, without waiting
   * for readers, and counts how it went.
   */
  checkpoint(): WalState {
    const [row] = this.#checkpoint.rows();
    const [busy, frames, moved] = (row ?? []).map(Number);
    // A database in memory has no log and says -1.
    if (busy === 0 && frames === moved) this.#checkpoints++;
    else this.#checkpointsBlocked++;
    return {
      checkpoints: this.#checkpoints,
      checkpointsBlocked: this.#checkpointsBlocked,
    };
  }
}
