// The SELECTs over events. A page comes as one row: a driver that makes an object of
// each row, and a buffer of each blob, spends more on that than on the rest. Reads
// are told how far the log is settled, and never look past it. `ZU.` stands for the
// log's schema. A function that takes any type is named with its schema, too: one for
// a certain type, which somebody has put into a schema on the path, would go before.
import type { FilterPlan } from "../event_filter.ts";
import type { PgValue } from "./client.ts";
import { toStored } from "./text.ts";

/** How many bytes of blobs a page may have, unless a single one has more. */
const PAGE_BYTES_MAX = 512 * 1024;
/** An index takes no more of a text than this many characters. */
const PREFIX = 128;

/** A statement and the values of its parameters. */
export interface Select {
  readonly sql: string;
  readonly params: readonly PgValue[];
  /** Whether values come as bytes, of which no text need be made. */
  readonly asBytes?: boolean;
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

/** FROM and WHERE for a filter, without a range of seq. */
function matching(plan: FilterPlan): Select & { readonly seq: string } {
  const params: PgValue[] = [];
  const bind = (value: string) => `$${params.push(toStored(value))}::text`;
  const equals = (column: string, value: string | null, indexed: boolean) => {
    if (value === null) {
      return indexed
        ? `left(${column}, ${PREFIX}) IS NULL`
        : `${column} IS NULL`;
    }
    const bound = bind(value);
    return indexed
      ? `left(${column}, ${PREFIX}) = left(${bound}, ${PREFIX}) AND ${column} = ${bound}`
      : `${column} = ${bound}`;
  };
  const [first, ...others] = plan.ctx;
  const terms: string[] = [];
  if (first !== undefined) {
    terms.push(equals("c.field", first.field, false));
    terms.push(equals("c.value", first.value, true));
    terms.push("c.event_id = e.event_id");
  }
  for (const { field, value } of plan.columns) {
    terms.push(equals(`e.${field}`, value, field === "type"));
  }
  for (const { field, value } of others) {
    terms.push(
      "EXISTS (SELECT FROM ZU.event_index i WHERE i.event_id = e.event_id AND " +
        `${equals("i.field", field, false)} AND ${
          equals("i.value", value, true)
        })`,
    );
  }
  return {
    sql:
      (first === undefined
        ? "ZU.events e"
        : "ZU.event_index c JOIN ZU.events e ON e.seq = c.seq") +
      ` WHERE ${terms.length === 0 ? "true" : terms.join(" AND ")}`,
    params,
    seq: first === undefined ? "e.seq" : "c.seq",
  };
}

/** Where a page begins, and how far it may go. */
export interface Range {
  readonly afterSeq: number;
  /** How far the log is settled. */
  readonly settled: number;
  readonly limit: number;
}

/** The rows of a page by number and by size, and how many it had by number alone. */
export function selectPage(
  plan: FilterPlan,
  range: Range,
  packing: Packing,
): Select {
  const { sql, params, seq } = matching(plan);
  const at = params.length;
  const page = `SELECT e.* FROM ${sql}
    AND ${seq} > $${at + 1}::bigint AND ${seq} <= $${at + 2}::bigint
    ORDER BY ${seq} LIMIT $${at + 3}::bigint`;
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
  const { sql, params, seq } = matching(plan);
  return {
    sql: `SELECT count(*) AS count FROM ${sql} AND ${seq} <= $${
      params.length + 1
    }::bigint`,
    params: [...params, settled],
  };
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
      CROSS JOIN LATERAL (
        SELECT * FROM ZU.events WHERE trace_id = trace AND seq < $2::bigint
        ORDER BY seq DESC LIMIT 1
      ) e
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
