import type { ReindexedLog } from "../rows/reindex.ts";
import type { Lane } from "./lane.ts";
import type { LogReads } from "./log_reads.ts";
import { plainArray, textArray, toStored } from "./text.ts";

const WHAT = "index ctx fields";

/** The log as fields that were registered late are added to it. */
export function reindexedLog(lane: Lane, reads: LogReads): ReindexedLog {
  return {
    async indexedTo(fields) {
      const sql = "SELECT field, indexed_to FROM ZU.zu_ctx_fields";
      const rows = await lane.query({ sql, params: [] }, WHAT);
      const known = new Map(rows.map((row) => [row.field, row.indexed_to]));
      return fields.map((field) => Number(known.get(toStored(field)) ?? 0));
    },
    page: (request) => reads.page(request),
    async add({ rows, fields, indexedTo }) {
      const sql = "SELECT ZU.index_ctx($1::text::text[], $2::text::text[], " +
        "$3::text::text[], $4::text::text[], $5::bigint)";
      const stored = (texts: readonly (string | null)[]) =>
        textArray(texts.map((text) => text === null ? null : toStored(text)));
      const params = [
        plainArray(rows.map(([event_id]) => event_id)),
        stored(rows.map(([, field]) => field)),
        stored(rows.map(([, , value]) => value)),
        stored(fields),
        indexedTo,
      ];
      await lane.query({ sql, params }, WHAT);
    },
  };
}
