// Fields of payload.ctx that were registered after events with them were stored.
import { ctxTerms } from "../event_filter.ts";
import type { RowCodec } from "./row_codec.ts";
import type { Threads } from "./threads.ts";

const ROWS_AT_ONCE = 512;

/** Indexes the given fields for every event that may lack it. */
export async function reindex(
  threads: Threads,
  codec: RowCodec,
  fields: readonly string[],
): Promise<void> {
  const writer = await threads.writer();
  const reader = await threads.reader();
  const indexedTo = await writer.call("indexedTo", "index ctx fields", fields);
  let afterSeq = Math.min(...indexedTo);
  // Behind a row that is not readable nothing counts as indexed: it may be read
  // with another codec one day, and then it has to be found.
  let firstBroken = Infinity;
  while (true) {
    const { rows } = await reader.call("page", "index ctx fields", {
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
    await writer.call("reindex", "index ctx fields", {
      rows: terms,
      fields,
      indexedTo: Math.min(afterSeq, firstBroken - 1),
    });
  }
}
