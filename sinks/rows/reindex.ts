// Fields of payload.ctx that were registered after events with them were stored.
import { ctxTerms } from "../event_filter.ts";
import type { RowCodec } from "./row_codec.ts";
import type { Page, PageRequest } from "./stored_rows.ts";

const ROWS_AT_ONCE = 512;

/** Side-index rows for fields that were registered late. */
export interface ReindexRequest {
  readonly rows: readonly (readonly [string, string, string | null])[];
  readonly fields: readonly string[];
  readonly indexedTo: number;
}

/** The log that is looked through. */
export interface ReindexedLog {
  /** How far each field is indexed already. */
  indexedTo(fields: readonly string[]): Promise<number[]>;
  page(request: PageRequest): Promise<Page>;
  /** Adds rows, and notes how far the fields are indexed with them. */
  add(request: ReindexRequest): Promise<void>;
}

/** Indexes the given fields for every event that may lack it. */
export async function reindex(
  log: ReindexedLog,
  codec: RowCodec,
  fields: readonly string[],
): Promise<void> {
  const indexedTo = await log.indexedTo(fields);
  let afterSeq = Math.min(...indexedTo);
  // Behind a row that is not readable nothing counts as indexed: it may be read
  // with another codec one day, and then it has to be found.
  let firstBroken = Infinity;
  while (true) {
    const { rows } = await log.page({
      plan: { columns: [], ctx: [] },
      afterSeq,
      limit: ROWS_AT_ONCE,
    });
    if (rows.seqs.length === 0) return;
    afterSeq = rows.seqs.at(-1)!;
    const terms: [string, string, string | null][] = [];
    for (const row of await codec.decode(rows)) {
      if ("error" in row) {
        firstBroken = Math.min(firstBroken, row.seq);
        continue;
      }
      for (const { field, value } of ctxTerms(row.event, fields)) {
        terms.push([row.event.event_id, field, value]);
      }
    }
    await log.add({
      rows: terms,
      fields,
      indexedTo: Math.min(afterSeq, firstBroken - 1),
    });
  }
}
