// The reading half of a thread. Each call is one short read transaction, so that
// no reader keeps a checkpoint from finishing.
import type { FilterPlan } from "../event_filter.ts";
import { packBlobs } from "./blobs.ts";
import type { SqlConnection, SqlStatement, SqlValue } from "./connection.ts";
import type { AuditPage, PageRequest, StoredRows } from "./messages.ts";
import { hasTable } from "./schema.ts";
import { COLUMNS, ROW, selectCount, selectPage } from "./select.ts";

const STATEMENTS_MAX = 64;

/** Rows of the shape {@linkcode ROW}, ready to cross a thread. */
export function packRows(rows: readonly SqlValue[][]): StoredRows {
  return {
    seqs: rows.map(([seq]) => Number(seq)),
    aads: rows.map(([, aad]) => aad as string | null),
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

  constructor(connection: SqlConnection) {
    this.#connection = connection;
    this.#hasCtxSeq = hasTable(connection, "zu_ctx_seq");
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

  page(request: PageRequest): StoredRows {
    const { sql, params } = selectPage(request, this.#hasCtxSeq);
    return packRows(this.#rows(sql, ...params));
  }

  count(plan: FilterPlan): number {
    const { sql, params } = selectCount(plan, this.#hasCtxSeq);
    return Number(this.#rows(sql, ...params)[0]![0]);
  }

  /** A page with all that verification compares. */
  audit(request: { afterSeq: number; limit: number }): AuditPage {
    const { afterSeq, limit } = request;
    const rows = this.#rows(
      `SELECT ${ROW}, ${COLUMNS} FROM events e WHERE e.seq > ? ORDER BY e.seq LIMIT ?`,
      afterSeq,
      limit,
    );
    const columns = rows.flatMap((row) => row.slice(3)) as (string | null)[];
    return {
      rows: packRows(rows),
      columns,
      ctx: this.#ctxOf(rows),
      indexed: this.#indexed(),
    };
  }

  #ctxOf(rows: SqlValue[][]): AuditPage["ctx"] {
    if (rows.length === 0 || !hasTable(this.#connection, "event_index")) {
      return [];
    }
    const places = new Map(rows.map(([seq], i) => [Number(seq), i]));
    return this.#rows(
      `SELECT e.seq, i.field, i.value FROM events e
       JOIN event_index i ON i.event_id = e.event_id
       WHERE e.seq >= ? AND e.seq <= ? ORDER BY e.seq`,
      rows[0]![0]!,
      rows.at(-1)![0]!,
    ).map(([seq, field, value]) => [
      places.get(Number(seq))!,
      field as string,
      value as string | null,
    ]);
  }

  #indexed(): AuditPage["indexed"] {
    if (!hasTable(this.#connection, "zu_ctx_fields")) return [];
    return this.#rows("SELECT field, indexed_to FROM zu_ctx_fields").map(
      ([field, to]) => [field as string, Number(to)],
    );
  }

  columns(seq: number): (string | null)[] {
    const sql = `SELECT ${COLUMNS} FROM events e WHERE e.seq = ?`;
    return (this.#rows(sql, seq)[0] ?? []) as (string | null)[];
  }

  /** Changes whenever another connection has committed. */
  dataVersion(): number {
    return Number(this.#rows("PRAGMA data_version")[0]![0]);
  }

  vacuumInto(path: string): void {
    this.#connection.prepare("VACUUM INTO ?").run(path);
  }
}
