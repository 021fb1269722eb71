// Every row as it is stored, for verification.
import type {
  AuditColumns,
  AuditOptions,
  AuditRow,
  OrphanTerm,
} from "../auditable_sink.ts";
import { ctxTerms, type FilterTerm } from "../event_filter.ts";
import { parseEvent } from "../parse_event.ts";
import { streamOptions } from "../_read_options.ts";
import { unpackBlobs } from "../rows/blobs.ts";
import type { AuditPage, AuditTerm } from "./messages.ts";
import type { RowCodec, RowText } from "../rows/row_codec.ts";
import type { Threads } from "./threads.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const NO_TERMS: readonly FilterTerm[] = [];

/** Reads every row, the broken ones included. */
export async function* auditRows(
  threads: Threads,
  codec: RowCodec,
  options: AuditOptions | undefined,
): AsyncGenerator<AuditRow[], void, undefined> {
  const { batchSize, afterSeq, signal } = streamOptions(options);
  const fetch = async (after: number): Promise<AuditPage> => {
    const reader = await threads.reader();
    return await reader.call("audit", "audit", {
      afterSeq: after,
      limit: batchSize,
    });
  };
  let next: Promise<AuditPage> | undefined = fetch(afterSeq);
  try {
    while (next !== undefined) {
      signal?.throwIfAborted();
      const page: AuditPage = await next;
      const { seqs } = page.rows;
      next = page.isLast ? undefined : fetch(seqs.at(-1)!);
      if (seqs.length > 0) yield await auditPage(page, codec);
    }
  } finally {
    // Nobody waits any more for the page that was fetched ahead.
    next?.catch(() => {});
  }
}

async function auditPage(
  page: AuditPage,
  codec: RowCodec,
): Promise<AuditRow[]> {
  const terms = Map.groupBy(page.ctx, ([seq]) => seq);
  const columns = unpackBlobs(page.columns);
  const texts = await codec.texts(page.rows);
  return texts.map((row, i) => ({
    ...row,
    columns: columnsIn(columns[i]!),
    ctx: terms.has(row.seq) ? termsOf(row, terms.get(row.seq)!) : NO_TERMS,
  }));
}

/**
 * What a row is found by. Where event_index and our copy of it differ, that is
 * what the one says that is not as the event has it.
 */
function termsOf(row: RowText, terms: readonly AuditTerm[]): FilterTerm[] {
  const found = new Map<string, string | null>();
  const differing = new Set<string>();
  for (const [, field, value, place] of terms) {
    if (place !== "own") found.set(field, value);
    if (place !== "both") differing.add(field);
  }
  const said = differing.size === 0
    ? new Map<string, string | null>()
    : saidOf(row, [...differing]);
  for (const field of differing) {
    if (found.get(field) !== said.get(field)) continue;
    const own = terms.find((term) => term[1] === field && term[3] === "own");
    if (own === undefined) found.delete(field);
    else found.set(field, own[2]);
  }
  return Array.from(found, ([field, value]) => ({ field, value }));
}

/** What an event says for some fields; nothing where it cannot be read. */
function saidOf(
  row: RowText,
  fields: readonly string[],
): Map<string, string | null> {
  try {
    const event = "text" in row ? parseEvent(row.text) : undefined;
    const terms = event === undefined ? [] : ctxTerms(event, fields);
    return new Map(terms.map(({ field, value }) => [field, value]));
  } catch {
    return new Map();
  }
}

/** Takes apart what `AUDITED` in select.ts put together. */
function columnsIn(audited: Uint8Array): AuditColumns {
  const [
    event_id = "",
    trace_id = "",
    task_id = "",
    parent = "",
    type = "",
    ...rest
  ] = utf8.decode(audited).split("\x1f");
  return {
    event_id,
    trace_id,
    task_id,
    parent_id: parent === "-" ? null : parent.slice(1),
    type,
    // An edit may have put a separator here.
    source: rest.join("\x1f"),
  };
}

/** Reads the rows of the side index that belong to no event. */
export async function* auditOrphans(
  threads: Threads,
  options: Omit<AuditOptions, "afterSeq"> | undefined,
): AsyncGenerator<OrphanTerm[], void, undefined> {
  const { batchSize: limit, signal } = streamOptions(options);
  let afterRow = 0;
  while (true) {
    signal?.throwIfAborted();
    const reader = await threads.reader();
    const rows = await reader.call("orphans", "audit", { afterRow, limit });
    if (rows.length > 0) {
      yield rows.map(([, event_id, field, value]) => ({
        event_id,
        field,
        value,
      }));
    }
    if (rows.length < limit) return;
    afterRow = rows.at(-1)![0];
  }
}
