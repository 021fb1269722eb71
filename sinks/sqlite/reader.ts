// The reading half of a thread. Each call is one short read transaction, so that
// no reader keeps a checkpoint from finishing.
import type { FilterPlan } from "../event_filter.ts";
import { packBlobs } from "../rows/blobs.ts";
import type { SqlConnection, SqlStatement, SqlValue } from "./connection.ts";
import type { Page, PageRequest, StoredRows } from "../rows/stored_rows.ts";
import type { AuditPage, OrphanRow } from "./messages.ts";
import { hasTable } from "./schema.ts";
import {
  AUDITED,
  ROW,
  selectCount,
  selectPage,
  selectRows,
  SEQ_MAX,
} from "./select.ts";

const STATEMENTS_MAX = 64;
/** How many bytes of blobs a page may have, unless a single one has more. */
const PAGE_BYTES_MAX = 512 * 1024;
const EVERYTHING: FilterPlan = { columns: [], ctx: [] };
const NONE = new Uint8Array();
/** Where a side-index row was found, by the sum of 1 and 2. */
const PLACES = ["both", "shared", "own", "both"] as const;

/**
 * A side-index value as a blob, since drivers cut text at NUL. One that is no
 * text would be found by no filter; it begins with a byte that no text has.
 */
const TERM_VALUE = `CASE typeof(value) WHEN 'text' THEN CAST(value AS BLOB)
  WHEN 'null' THEN NULL ELSE x'ff' || value END`;
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function textOf(value: SqlValue | undefined): string | null {
  return value === null ? null : utf8.decode(blobOf(value));
}

/** Rows of the shape {@linkcode ROW}, ready to cross a thread. */
export function packRows(rows: readonly SqlValue[][]): StoredRows {
  return {
    seqs: rows.map(([seq]) => Number(seq)),
    aads: packBlobs(rows.map(([, aad]) => aad === null ? NONE : blobOf(aad))),
    blobs: packBlobs(rows.map(([, , data]) => blobOf(data))),
  };
}

/** A column that should be a blob; text is what a hand-made row may hold. */
function blobOf(data: SqlValue | undefined): Uint8Array {
  return data instanceof Uint8Array
    ? data
    : new TextEncoder().encode(String(data ?? ""));
}

/** Reads on one connection. */
export class Reader {
  readonly #connection: SqlConnection;
  readonly #statements = new Map<string, SqlStatement>();
  readonly #hasCtxSeq: boolean;
  readonly #hasEventIndex: boolean;

  constructor(connection: SqlConnection) {
    this.#connection = connection;
    this.#hasCtxSeq = hasTable(connection, "zu_ctx_seq");
    this.#hasEventIndex = hasTable(connection, "event_index");
  }

  #rows(sql: string, ...params: SqlValue[]): SqlValue[][] {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement.rows(...params);
  }

  /** Has several statements see the log as it is at one moment. */
  #atOnce<Result>(read: () => Result): Result {
    // In memory there is one connection, which may be amid a write.
    if (this.#connection.inTransaction) return read();
    this.#connection.exec("BEGIN");
    try {
      return read();
    } finally {
      this.#connection.exec("ROLLBACK");
    }
  }

  page(request: PageRequest): Page {
    return this.#atOnce(() => {
      const { seqs, isLast } = this.#fitting(request);
      const found = this.#rows(selectRows(ROW), JSON.stringify(seqs));
      const last = seqs.at(-1) ?? request.afterSeq;
      const readTo = isLast ? Math.max(last, this.#end()) : last;
      return { rows: packRows(found), isLast, readTo };
    });
  }

  /** The last seq of the log, 0 if it is empty. */
  #end(): number {
    const sql = `SELECT min(max(seq), ${SEQ_MAX}) FROM events`;
    return Number(this.#rows(sql)[0]![0]);
  }

  /**
   * The rows that a page may have by number and by size, at least one if there
   * are any, and whether there are no more behind them.
   */
  #fitting(request: PageRequest): { seqs: number[]; isLast: boolean } {
    const { sql, params } = selectPage(request, this.#hasCtxSeq);
    const rows = this.#rows(sql, ...params);
    const seqs: number[] = [];
    let bytes = 0;
    for (const [seq, length] of rows) {
      bytes += Number(length);
      if (seqs.length > 0 && bytes > PAGE_BYTES_MAX) break;
      seqs.push(Number(seq));
    }
    const isLast = rows.length < request.limit && seqs.length === rows.length;
    return { seqs, isLast };
  }

  count(plan: FilterPlan): number {
    const { sql, params } = selectCount(plan, this.#hasCtxSeq);
    return Number(this.#rows(sql, ...params)[0]![0]);
  }

  /** A page with all that verification compares. */
  audit(range: { afterSeq: number; limit: number }): AuditPage {
    return this.#atOnce(() => {
      const { seqs, isLast } = this.#fitting({ ...range, plan: EVERYTHING });
      const sql = selectRows(`${ROW}, ${AUDITED}`);
      const rows = this.#rows(sql, JSON.stringify(seqs));
      return {
        rows: packRows(rows),
        isLast,
        columns: packBlobs(rows.map(([, , , audited]) => blobOf(audited))),
        ctx: rows.length === 0
          ? []
          : this.#ctxBetween(rows[0]![0]!, rows.at(-1)![0]!),
      };
    });
  }

  /** The side-index rows of a range of seq, as event_index and our copy have it. */
  #ctxBetween(from: SqlValue, to: SqlValue): AuditPage["ctx"] {
    if (!this.#hasEventIndex) return [];
    const shared = `SELECT e.seq, i.field, i.value, 1 AS place FROM events e
      JOIN event_index i ON i.event_id = e.event_id
      WHERE e.seq BETWEEN ?1 AND ?2`;
    const own = `SELECT seq, field, value, 2 FROM zu_ctx_seq
      WHERE seq BETWEEN ?1 AND ?2`;
    const both = this.#hasCtxSeq ? `${shared} UNION ALL ${own}` : shared;
    const sql = `SELECT seq, field, ${TERM_VALUE}, sum(place) FROM (${both})
      GROUP BY seq, field, value`;
    return this.#rows(sql, from, to).map(([seq, field, value, place]) => [
      Number(seq),
      String(field),
      textOf(value),
      this.#hasCtxSeq ? PLACES[Number(place)]! : "both",
    ]);
  }

  /** Side-index rows of no event: rowid, whose, field, value. */
  orphans(
    { afterRow, limit }: { afterRow: number; limit: number },
  ): OrphanRow[] {
    if (!this.#hasEventIndex) return [];
    return this.#rows(
      `SELECT i.rowid, i.event_id, i.field, ${TERM_VALUE} FROM event_index i
       WHERE i.rowid > ? AND NOT EXISTS
         (SELECT 1 FROM events e WHERE e.event_id = i.event_id)
       ORDER BY i.rowid LIMIT ?`,
      afterRow,
      limit,
    ).map(([row, event_id, field, value]) => [
      Number(row),
      String(event_id),
      String(field),
      textOf(value),
    ]);
  }

  idOf(seq: number): string | undefined {
    const sql = "SELECT event_id FROM events WHERE seq = ?";
    return this.#rows(sql, seq)[0]?.[0] as string | undefined;
  }

  /** Changes whenever another connection has committed. */
  dataVersion(): number {
    return Number(this.#rows("PRAGMA data_version")[0]![0]);
  }
}
