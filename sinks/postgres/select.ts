// The SELECTs over events. A page comes as one row: a driver that makes an object of
// each row, and a buffer of each blob, spends more on that than on the rest. Reads
// are told how far the log is settled, and never look past it. `ZU.` stands for the
// log's schema. A function that takes any type is named with its schema, too: one for
// a certain type, which somebody has put into a schema on the path, would go before.
import type { FilterPlan } from "../event_filter.ts";
import type { PgValue } from "./client.ts";
import { matchingAll, matchingPage } from "./matching.ts";

/** How many bytes of blobs a page may have, unless a single one has more. */
const PAGE_BYTES_MAX = 512 * 1024;

/** A statement and the values of its parameters. */
export interface Select {
  readonly sql: string;
  readonly params: readonly PgValue[];
  /** Whether values come as bytes, of which no text need be made. */
  readonly asBytes?: boolean;
  /** Whether its plan is made for the values that it has. */
  readonly isPlannedAnew?: boolean;
}

/** The columns of a row, as the text of a JSON array. */
export const COLUMNS =
  "pg_catalog.json_build_array(e.event_id, e.trace_id, e.task_id, e.parent_id, e.type, e.source)";

/** Whether a row's blob is of version 0, which is plain text. */
const IS_PLAIN = `octet_length(r.data) > 0 AND
  get_byte(substring(r.data FROM 1 FOR 1), 0) = 0`;

/** How rows are packed. */
export interface Packing {
  /**
   * Whether plain texts come as text. That takes half the time of base64, and fails for
   * a whole page if one of them is no UTF-8: see `isNoText`.
   */
  readonly texts: boolean;
  /** Which rows' columns come along: those of blobs, which the codec needs, or all. */
  readonly columns: "of blobs" | "all";
}

const AS_BLOBS: Packing = { texts: false, columns: "of blobs" };

/**
 * Rows as one row: their seqs and lengths; the texts of some, with a line's end in the
 * place of each version but the first; the blobs of the others, whose lengths are below
 * 0. Base64 takes half the time of hex, there and here.
 */
function packed(
  source: string,
  { texts, columns }: Packing,
  which = "true",
): string {
  const every = `FILTER (WHERE ${which})`;
  const asText = `FILTER (WHERE ${which} AND e.as_text)`;
  const asBlob = `FILTER (WHERE ${which} AND NOT e.as_text)`;
  return `SELECT string_agg(e.seq::text, ',') ${every} AS seqs,
    string_agg((CASE WHEN e.as_text THEN 1 ELSE -1 END * octet_length(e.data))::text, ',')
      ${every} AS lengths,
    pg_catalog.convert_from(
      string_agg(substring(e.data FROM 2), decode('0a', 'hex')) ${asText}, 'UTF8'
    ) AS texts,
    encode(string_agg(e.data, ''::bytea) ${asBlob}, 'base64') AS blobs,
    pg_catalog.json_agg(${COLUMNS})
      ${columns === "all" ? every : asBlob}::text AS columns,
    count(*)::integer AS found
    FROM (SELECT r.*, ${
    texts ? IS_PLAIN : "false"
  } AS as_text FROM (${source}) r) e`;
}

/** Where a page begins, and how far it may go. */
export interface Range {
  readonly afterSeq: number;
  /** How far the log is settled. */
  readonly settled: number;
  readonly limit: number;
}

/**
 * Always true, and seen to be so before anything is called. But whoever names a function
 * of one's own gets no parallel plan: to start a worker takes longer than a page.
 */
const SERIAL = "(true OR ZU.settled() IS NULL)";

/** The rows of a page by number and by size, and how many it had by number alone. */
export function selectPage(
  plan: FilterPlan,
  range: Range,
  packing: Packing,
): Select {
  const { sql, params, walk } = matchingPage(plan);
  const at = params.length;
  const place = [...walk.columns, walk.seq].join(", ");
  const bound = (nth: number) =>
    [...walk.values, `$${at + nth}::bigint`].join(", ");
  // Of a number that it is told later, the server expects a tenth of all rows, and
  // plans for so many.
  const most = 2 ** Math.ceil(Math.log2(Math.max(range.limit, 1)));
  const page = `SELECT * FROM (
      SELECT e.* FROM ${sql} AND ${SERIAL}
      AND (${place}) > (${bound(1)}) AND (${place}) <= (${bound(2)})
      ORDER BY ${place} LIMIT ${most}
    ) walked ORDER BY walked.seq LIMIT $${at + 3}::bigint`;
  const sized = `SELECT page.*, sum(octet_length(page.data)) OVER (
      ORDER BY page.seq ROWS UNBOUNDED PRECEDING
    ) - octet_length(page.data) < ${PAGE_BYTES_MAX} AS fits
    FROM (${page}) page ORDER BY page.seq`;
  return {
    sql: packed(sized, packing, "e.fits"),
    params: [...params, range.afterSeq, range.settled, range.limit],
    asBytes: true,
  };
}

/** The number of matching rows. */
export function selectCount(plan: FilterPlan, settled: number): Select {
  const { sql, params, seq } = matchingAll(plan);
  return {
    sql: `SELECT count(*) AS count FROM ${sql} AND ${seq} <= $${
      params.length + 1
    }::bigint`,
    params: [...params, settled],
    isPlannedAnew: true,
  };
}

/**
 * The last row of a trace, or of one whose name sorts before it; along the index of
 * traces, for the reason that matching.ts gives.
 */
export function lastBefore(trace: string, seq: string): string {
  return `SELECT * FROM ZU.events WHERE (trace_id, seq) < (${trace}, ${seq})
        ORDER BY trace_id DESC, seq DESC LIMIT 1`;
}

/**
 * The last rows of some traces, before a place if one is given, with the place of each
 * one's trace in the list, from 1.
 */
export function selectHeads(
  traces: string,
  before: number = Number.MAX_SAFE_INTEGER,
): Select {
  return {
    sql: `WITH heads AS MATERIALIZED (
      SELECT e.*, place FROM pg_catalog.unnest($1::text::text[]) WITH ORDINALITY t(trace, place)
      CROSS JOIN LATERAL (${lastBefore("trace", "$2::bigint")}) e
      WHERE e.trace_id = trace
    )
    SELECT p.*, (SELECT string_agg(place::text, ',' ORDER BY seq) FROM heads) AS places,
      (SELECT string_agg(event_id, ',' ORDER BY seq) FROM heads) AS ids
    FROM (${packed("SELECT * FROM heads ORDER BY seq", AS_BLOBS)}) p`,
    params: [traces, before],
  };
}

/** The rows under some ids, and every column, since who has an id is asked. */
export function selectStored(ids: string): Select {
  return {
    sql: packed(
      "SELECT * FROM ZU.events WHERE event_id = ANY ($1::text::text[]) ORDER BY seq",
      AS_BLOBS,
    ),
    params: [ids],
  };
}
