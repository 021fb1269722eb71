// From the one row of a page to rows as a sink takes them.
import { rowAad } from "../../codec/mod.ts";
import type { AuditColumns } from "../auditable_sink.ts";
import { packBlobs } from "../rows/blobs.ts";
import type { StoredRows } from "../rows/stored_rows.ts";
import type { PgRow } from "./client.ts";
import { fromStored } from "./text.ts";

const NONE = new Uint8Array();

function numbers(list: unknown): number[] {
  return typeof list === "string" ? list.split(",").map(Number) : [];
}

/** The columns of each row; undefined where they were not asked for. */
export function unpackColumns(
  { columns }: PgRow,
): (AuditColumns | undefined)[] {
  if (typeof columns !== "string") return [];
  const rows: ((string | null)[] | null)[] = JSON.parse(columns);
  return rows.map((row) => {
    if (row === null) return undefined;
    const [event_id, trace_id, task_id, parent_id, type, source] = row.map((
      text,
    ) => text === null ? null : fromStored(text));
    return {
      event_id: event_id!,
      trace_id: trace_id!,
      task_id: task_id!,
      parent_id: parent_id!,
      type: type!,
      source: source!,
    };
  });
}

/** The rows of a page, in its order. */
export function unpackRows(row: PgRow): StoredRows {
  const seqs = numbers(row.seqs);
  const bytes = typeof row.blobs === "string"
    ? Uint8Array.fromBase64(row.blobs)
    : NONE;
  return {
    seqs,
    aads: packBlobs(
      unpackColumns(row).map((columns) =>
        columns === undefined ? NONE : rowAad(columns)
      ),
    ),
    blobs: {
      bytes,
      lengths: numbers(row.lengths),
    },
  };
}

/** The places of the rows' traces in the list that was asked for, from 0. */
export function unpackPlaces({ places }: PgRow): number[] {
  return numbers(places).map((place) => place - 1);
}
