// What stands beside an event, compared with the event: a plaintext row's columns
// and any row's side index can be edited without touching what was hashed.
import type { AuditColumns, AuditRow } from "./auditable_sink.ts";
import type { Event } from "./event.ts";
import {
  ctxTerms,
  FILTER_COLUMNS,
  type FilterColumn,
  type FilterTerm,
} from "./event_filter.ts";
import type { Sealed } from "./_sealed_event.ts";
import { nameOf, type Report } from "./_trace_check.ts";

/** Compares a row's columns and its side index with its event. */
export function checkRow(
  row: AuditRow,
  text: string,
  sealed: Sealed,
  ctxFields: readonly string[],
  report: Report,
): void {
  const { columns, ctx } = row;
  if (columns !== undefined && !areEqual(columns, sealed)) {
    for (const field of FILTER_COLUMNS) {
      if (columns[field] !== sealed[field]) {
        reportColumn(row.seq, sealed, field, columns[field], report);
      }
    }
  }
  // A sink that looks into the events themselves has no index to be wrong.
  if (ctx !== undefined && (ctxFields.length > 0 || ctx.length > 0)) {
    checkIndex(row.seq, text, sealed, ctx, ctxFields, report);
  }
}

/** Spelt out, since a loop over the names takes a tenth of a verification. */
function areEqual(a: AuditColumns, b: AuditColumns): boolean {
  return a.event_id === b.event_id && a.trace_id === b.trace_id &&
    a.task_id === b.task_id && a.parent_id === b.parent_id &&
    a.type === b.type && a.source === b.source;
}

function reportColumn(
  seq: number,
  sealed: Sealed,
  field: FilterColumn,
  found: string | null,
  report: Report,
): void {
  const expected = sealed[field];
  const at = {
    seq,
    event_id: sealed.event_id,
    trace_id: sealed.trace_id,
    field,
    expected,
    found,
  };
  const message = `The column ${field} of the ${nameOf(at)} says ` +
    `${JSON.stringify(found)}, but the event says ${
      JSON.stringify(expected)
    }: ` +
    "the column was edited, and searches by it are wrong";
  report("column_mismatch", message, at);
}

function checkIndex(
  seq: number,
  text: string,
  sealed: Sealed,
  stored: readonly FilterTerm[],
  ctxFields: readonly string[],
  report: Report,
): void {
  // Fields that were registered once and are no longer are compared as well.
  const fields = new Set([...ctxFields, ...stored.map(({ field }) => field)]);
  // The text has been found to be an event's, so the fast parser will do.
  const event = JSON.parse(text) as Event;
  const should = byField(ctxTerms(event, [...fields]));
  const does = byField(stored);
  for (const field of fields) {
    const expected = should.get(field);
    const found = does.get(field);
    if (expected === found) continue;
    const at = {
      seq,
      event_id: sealed.event_id,
      trace_id: sealed.trace_id,
      field,
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
    };
    const says = found === undefined
      ? "has no row"
      : `says ${JSON.stringify(found)}`;
    const said = expected === undefined
      ? "has no such field"
      : `says ${JSON.stringify(expected)}`;
    const message = `The side index of the ${nameOf(at)} ${says} for ctx ` +
      `field ${JSON.stringify(field)}, but the event ${said}: the index was ` +
      "edited or is not complete, and searches by it are wrong";
    report("index_mismatch", message, at);
  }
}

function byField(terms: readonly FilterTerm[]): Map<string, string | null> {
  return new Map(terms.map(({ field, value }) => [field, value]));
}
