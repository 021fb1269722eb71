// The SELECTs over events. Every page is a walk along seq: an index on a column
// has seq behind the column, so one equality and a range of seq come sorted from
// it, and a unary plus keeps the planner from choosing any other way.
import type { FilterPlan } from "../event_filter.ts";
import type { SqlValue } from "./connection.ts";
import type { PageRequest } from "../rows/stored_rows.ts";

/** Columns with an index, the most selective first: a task is part of a trace. */
const INDEXED = ["event_id", "task_id", "trace_id", "type"] as const;

/**
 * The last seq that is a number of JavaScript's. A row behind it was moved there
 * by hand: to page past it is not possible, so it is as if it were deleted.
 */
export const SEQ_MAX: number = Number.MAX_SAFE_INTEGER;

/** A statement and the values of its parameters. */
export interface Select {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}

// Text that may hold NUL is read as a blob: drivers cut text there.

/** The row AAD of rows whose blob is encoded; null for plain text. */
const AAD = `CASE WHEN substr(e.data, 1, 1) = x'00' THEN NULL ELSE CAST(
  e.event_id || char(31) || e.trace_id || char(31) || e.task_id || char(31) ||
  e.type || char(31) || e.source AS BLOB) END`;

/** What a row is read as: seq, AAD or null, blob. */
export const ROW = `e.seq, ${AAD}, e.data`;

/**
 * Every column as one blob with 0x1f between them, the parent behind a mark that
 * tells null from text. A column that is no text would be found by no filter, so
 * it makes the whole begin with 0x1f, which no event does.
 */
export const AUDITED = `CAST(
  CASE WHEN typeof(e.event_id) || typeof(e.trace_id) || typeof(e.task_id) ||
    typeof(e.type) || typeof(e.source) = 'texttexttexttexttext' AND
    typeof(e.parent_id) IN ('text', 'null') THEN '' ELSE char(31) END ||
  e.event_id || char(31) || e.trace_id || char(31) || e.task_id || char(31) ||
  CASE WHEN e.parent_id IS NULL THEN '-' ELSE '=' || e.parent_id END ||
  char(31) || e.type || char(31) || e.source AS BLOB)`;

/**
 * FROM and WHERE for a filter, without a range of seq. A file that nobody has
 * opened for writing with ctxFields has no zu_ctx_seq; there each row is probed.
 */
function matching(
  plan: FilterPlan,
  hasCtxSeq: boolean,
): Select & { readonly seq: string } {
  const terms: string[] = [];
  const params: SqlValue[] = [];
  const first = hasCtxSeq ? plan.ctx[0] : undefined;
  const others = plan.ctx.slice(hasCtxSeq ? 1 : 0);
  if (first !== undefined) {
    terms.push(
      "c.field = ?",
      first.value === null ? "c.value IS NULL" : "c.value = ?",
    );
    params.push(first.field);
    if (first.value !== null) params.push(first.value);
  }
  const lead = first === undefined
    ? INDEXED.find((name) => plan.columns.some(({ field }) => field === name))
    : undefined;
  for (const { field, value } of plan.columns) {
    const column = `${field === lead ? "" : "+"}e.${field}`;
    terms.push(value === null ? `${column} IS NULL` : `${column} = ?`);
    if (value !== null) params.push(value);
  }
  for (const { field, value } of others) {
    terms.push(
      "EXISTS (SELECT 1 FROM event_index i WHERE i.event_id = e.event_id " +
        `AND i.field = ? AND +i.value ${value === null ? "IS NULL" : "= ?"})`,
    );
    params.push(field);
    if (value !== null) params.push(value);
  }
  const from = first === undefined
    ? "events e"
    : "zu_ctx_seq c CROSS JOIN events e ON e.seq = c.seq";
  const where = terms.length === 0 ? "1" : terms.join(" AND ");
  return {
    sql: `FROM ${from} WHERE ${where}`,
    params,
    seq: first === undefined ? "e.seq" : "c.seq",
  };
}

/**
 * Which rows a page has, in the order of the log, and how long their blobs are;
 * SQLite tells that without reading them.
 */
export function selectPage(
  { plan, afterSeq, limit }: PageRequest,
  hasCtxSeq: boolean,
): Select {
  const { sql, params, seq } = matching(plan, hasCtxSeq);
  return {
    sql: `SELECT e.seq, length(e.data) ${sql} ` +
      `AND ${seq} > ? AND ${seq} <= ${SEQ_MAX} ` +
      `ORDER BY ${seq} LIMIT ?`,
    params: [...params, afterSeq, limit],
  };
}

/** The number of matching rows. */
export function selectCount(plan: FilterPlan, hasCtxSeq: boolean): Select {
  const { sql, params } = matching(plan, hasCtxSeq);
  return { sql: `SELECT count(*) ${sql}`, params };
}

/** The rows with the given seqs, which are bound as a JSON array, in its order. */
export function selectRows(columns: string): string {
  return `SELECT ${columns} FROM json_each(?) j CROSS JOIN events e ON e.seq = j.value`;
}
