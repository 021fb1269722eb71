// From the one row of a page to rows as a sink takes them.
import { rowAad } from "../../codec/mod.ts";
import type { AuditColumns } from "../auditable_sink.ts";
import { packBlobs } from "../rows/blobs.ts";
import type { Blobs, StoredRows } from "../rows/stored_rows.ts";
import type { PgRow } from "./client.ts";
import { fromStored } from "./text.ts";

const NONE = new Uint8Array();
const decoder = new TextDecoder();
const PLAIN = 0;

/** A value's text, whether it came as bytes or not. */
function textOf(value: unknown): string | undefined {
  if (value instanceof Uint8Array) return decoder.decode(value);
  return typeof value === "string" ? value : undefined;
}

function numbers(list: unknown): number[] {
  return textOf(list)?.split(",").map(Number) ?? [];
}

/** The columns of each row; undefined where they were not asked for. */
export function unpackColumns(row: PgRow): (AuditColumns | undefined)[] {
  const lengths = numbers(row.lengths);
  const given: (string | null)[][] = JSON.parse(textOf(row.columns) ?? "[]");
  const isAll = given.length === lengths.length;
  let next = 0;
  return lengths.map((length) =>
    isAll || length <= 0 ? named(given[next++]!) : undefined
  );
}

function named(columns: readonly (string | null)[]): AuditColumns {
  const [event_id, trace_id, task_id, parent_id, type, source] = columns.map((
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
}

/** The rows of a page, in its order. */
export function unpackRows(row: PgRow): StoredRows {
  return {
    seqs: numbers(row.seqs),
    aads: packBlobs(
      unpackColumns(row).map((columns) =>
        columns === undefined ? NONE : rowAad(columns)
      ),
    ),
    blobs: unpackBlobs(row),
  };
}

function unpackBlobs({ lengths: signed, texts, blobs }: PgRow): Blobs {
  const lengths = numbers(signed);
  const plain = plainBlobs(texts, lengths.filter((length) => length > 0));
  const base64 = textOf(blobs);
  if (base64 === undefined) return { bytes: plain, lengths };
  const encoded = Uint8Array.fromBase64(base64);
  let [plainAt, encodedAt] = [0, 0];
  return packBlobs(
    lengths.map((length) =>
      length > 0
        ? plain.subarray(plainAt, plainAt += length)
        : encoded.subarray(encodedAt, encodedAt -= length)
    ),
  );
}

/** Blobs of texts that came with a line's end in the place of each version. */
function plainBlobs(
  texts: unknown,
  lengths: readonly number[],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lengths.reduce((sum, n) => sum + n, 0));
  if (texts instanceof Uint8Array) bytes.set(texts, 1);
  let at = 0;
  for (const length of lengths) {
    bytes[at] = PLAIN;
    at += length;
  }
  return bytes;
}

/** The places of the rows' traces in the list that was asked for, from 0. */
export function unpackPlaces({ places }: PgRow): number[] {
  return numbers(places).map((place) => place - 1);
}

/** How many rows a page had before it was cut to size. */
export function foundIn({ found }: PgRow): number {
  return Number(textOf(found));
}
