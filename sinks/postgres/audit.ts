// Every row as it is stored, for verification.
import type { AuditOptions, AuditRow, OrphanTerm } from "../auditable_sink.ts";
import type { FilterTerm } from "../event_filter.ts";
import { streamOptions } from "../_read_options.ts";
import type { RowCodec } from "../rows/row_codec.ts";
import type { Lane } from "./lane.ts";
import { readPage } from "./log_reads.ts";
import type { Settled } from "./settled.ts";
import { fromStored } from "./text.ts";
import { foundIn, unpackColumns, unpackRows } from "./unpack.ts";

const NO_TERMS: readonly FilterTerm[] = [];
const EVERYTHING = { columns: [], ctx: [] };
// One of another event, or of another place, is found by a filter and belongs to none.
const TERMS = `SELECT i.seq, i.field, i.value FROM ZU.event_index i
  JOIN ZU.events e ON e.seq = i.seq AND e.event_id = i.event_id
  WHERE i.seq BETWEEN $1::bigint AND $2::bigint`;
const ORPHANS = `SELECT i.event_id, i.field, i.value FROM ZU.event_index i
  WHERE (i.event_id, i.field) > ($1::text, $2::text) AND NOT EXISTS (
    SELECT FROM ZU.events e WHERE e.seq = i.seq AND e.event_id = i.event_id)
  ORDER BY i.event_id, i.field LIMIT $3::bigint`;

function textOf(value: unknown): string | null {
  return value === null ? null : fromStored(String(value));
}

/** Reads every row up to where the log is settled, the broken ones included. */
export async function* auditRows(
  lane: Lane,
  settled: Settled,
  codec: RowCodec,
  options: AuditOptions | undefined,
): AsyncGenerator<AuditRow[], void, undefined> {
  const { batchSize: limit, afterSeq, signal } = streamOptions(options);
  let at = afterSeq;
  while (true) {
    signal?.throwIfAborted();
    const reach = await settled.behind(at, limit);
    const range = { afterSeq: at, settled: reach.seq, limit };
    const row = await readPage(lane, EVERYTHING, range, {
      columns: "all",
      what: "audit",
      signal,
    });
    const rows = unpackRows(row);
    if (rows.seqs.length > 0) {
      const columns = unpackColumns(row);
      const terms = await readTerms(lane, rows.seqs, signal);
      yield (await codec.texts(rows, signal)).map((text, i) => ({
        ...text,
        columns: columns[i]!,
        ctx: terms.get(text.seq) ?? NO_TERMS,
      }));
    }
    const found = foundIn(row);
    const isAll = found < limit && found === rows.seqs.length;
    if (isAll && reach.isFresh) return;
    at = isAll ? reach.seq : rows.seqs.at(-1)!;
  }
}

async function readTerms(
  lane: Lane,
  seqs: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Map<number, FilterTerm[]>> {
  const params = [seqs[0]!, seqs.at(-1)!];
  const rows = await lane.read({ sql: TERMS, params }, "audit", signal);
  const terms = new Map<number, FilterTerm[]>();
  for (const { seq, field, value } of rows) {
    const term = { field: textOf(field)!, value: textOf(value) };
    const found = terms.get(Number(seq));
    if (found === undefined) terms.set(Number(seq), [term]);
    else found.push(term);
  }
  return terms;
}

/** Reads the rows of the side index that belong to no event. */
export async function* auditOrphans(
  lane: Lane,
  options: Omit<AuditOptions, "afterSeq"> | undefined,
): AsyncGenerator<OrphanTerm[], void, undefined> {
  const { batchSize: limit, signal } = streamOptions(options);
  let after = ["", ""];
  while (true) {
    signal?.throwIfAborted();
    const params = [...after, limit];
    const rows = await lane.read({ sql: ORPHANS, params }, "audit", signal);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(({ event_id, field, value }) => ({
      event_id: String(event_id),
      field: textOf(field)!,
      value: textOf(value),
    }));
    after = [String(last.event_id), String(last.field)];
  }
}
