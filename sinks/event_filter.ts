import type { Event } from "./event.ts";
import { tryUuid } from "./_event_fields.ts";
import { SinkError } from "./sink_error.ts";

/** A value to match: text, or a scalar that is compared as its JSON text. */
export type FilterValue = string | number | boolean | null;

/**
 * What to match: every named field must be equal. `null` matches null only.
 * Fields of `payload.ctx` may be named where the sink was opened with them in
 * `ctxFields`. Ids match in any usual spelling of a UUID.
 */
export type EventFilter =
  & {
    /** The event's own id. */
    readonly event_id?: string;
    /** The run. */
    readonly trace_id?: string;
    /** The task within the run. */
    readonly task_id?: string;
    /** The causing event; `null` for events without one. */
    readonly parent_id?: string | null;
    /** The exact type. */
    readonly type?: string;
    /** The exact source. */
    readonly source?: string;
  }
  & { readonly [ctxField: string]: FilterValue };

/** The columns of an event that every sink can filter by. */
export const FILTER_COLUMNS = [
  "event_id",
  "trace_id",
  "task_id",
  "parent_id",
  "type",
  "source",
] as const;

/** A column that every sink can filter by. */
export type FilterColumn = typeof FILTER_COLUMNS[number];

/** The most ctx fields that a sink indexes. */
export const CTX_FIELDS_MAX = 32;

/** One comparison of a filter. */
export interface FilterTerm<Field extends string = string> {
  /** The column, or the field of `payload.ctx`. */
  readonly field: Field;
  /** The text that it must be equal to; `null` for null. */
  readonly value: string | null;
}

/** A filter taken apart: what an adapter turns into its own query. */
export interface FilterPlan {
  /** Comparisons with columns. */
  readonly columns: readonly FilterTerm<FilterColumn>[];
  /** Comparisons with indexed fields of `payload.ctx`. */
  readonly ctx: readonly FilterTerm[];
}

function isColumn(field: string): field is FilterColumn {
  return (FILTER_COLUMNS as readonly string[]).includes(field);
}

/**
 * Checks the `ctxFields` option of a sink.
 *
 * @param fields The names of fields of `payload.ctx`.
 * @returns A copy.
 * @throws {RangeError} If a name is empty, is that of a column or occurs twice,
 * or if there are more than 32.
 */
export function checkCtxFields(fields: readonly string[]): readonly string[] {
  if (fields.length > CTX_FIELDS_MAX) {
    throw new RangeError(
      `ctxFields: ${fields.length} fields are named, at most ${CTX_FIELDS_MAX} are indexed`,
    );
  }
  for (const field of fields) {
    if (typeof field !== "string" || field === "" || !field.isWellFormed()) {
      throw new RangeError("ctxFields: a name must be a non-empty string");
    }
    if (isColumn(field)) {
      throw new RangeError(
        `ctxFields: "${field}" is a column, which can be filtered by already`,
      );
    }
  }
  if (new Set(fields).size !== fields.length) {
    throw new RangeError("ctxFields: a name occurs twice");
  }
  return [...fields];
}

/**
 * A ctx value as it is indexed: text as it is, other scalars as JSON writes
 * them, `null` as null.
 *
 * @param value A member of `payload.ctx`.
 * @returns The text, or `undefined` for a value that is not indexed.
 */
export function ctxText(value: unknown): string | null | undefined {
  if (value === null || typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  // JSON.stringify would turn NaN into the text "null", which is a match.
  return Number.isFinite(value) ? JSON.stringify(value) : undefined;
}

/**
 * The indexed ctx values of an event.
 *
 * @param event The event.
 * @param fields The fields that the sink indexes.
 * @returns A term for each of them that the event has.
 */
export function ctxTerms(
  event: Event,
  fields: readonly string[],
): FilterTerm[] {
  const ctx = event.payload.ctx;
  if (fields.length === 0 || typeof ctx !== "object" || ctx === null) return [];
  // An array has a length and indexes, but no fields.
  if (Array.isArray(ctx)) return [];
  const terms: FilterTerm[] = [];
  for (const field of fields) {
    if (!Object.hasOwn(ctx, field)) continue;
    const value = ctxText((ctx as Record<string, unknown>)[field]);
    if (value !== undefined) terms.push({ field, value });
  }
  return terms;
}

/**
 * Takes a filter apart and checks it.
 *
 * @param filter The filter, as the caller gave it.
 * @param ctxFields The ctx fields that the sink indexes.
 * @returns The comparisons.
 * @throws {SinkError} `unknown_filter`, naming the field and those there are.
 * @throws {TypeError} If the filter is no object, or a value is `undefined` or
 * no scalar, since ignoring it would match more than was asked for.
 */
export function planFilter(
  filter: EventFilter = {},
  ctxFields: readonly string[] = [],
): FilterPlan {
  if (typeof filter !== "object" || filter === null) {
    throw new TypeError(
      `filter: ${Deno.inspect(filter)} is no object; give { field: value }`,
    );
  }
  const columns: FilterTerm<FilterColumn>[] = [];
  const ctx: FilterTerm[] = [];
  for (const [field, given] of Object.entries(filter)) {
    const value = ctxText(given);
    if (value === undefined) {
      throw new TypeError(
        `filter: "${field}" is ${
          Deno.inspect(given)
        }; give text, a number, a boolean or null, or leave it out`,
      );
    }
    if (isColumn(field)) {
      const isId = field.endsWith("_id") && value !== null;
      columns.push({ field, value: isId ? tryUuid(value) ?? value : value });
    } else if (ctxFields.includes(field)) ctx.push({ field, value });
    else {
      const known = [...FILTER_COLUMNS, ...ctxFields].join(", ");
      throw new SinkError(
        "unknown_filter",
        `Cannot filter by "${field}": this sink indexes ${known}. ` +
          "Fields of payload.ctx are indexed when named in ctxFields at open",
      );
    }
  }
  return { columns, ctx };
}

/**
 * Whether an event matches a filter, for adapters that look at each event.
 *
 * @param event The event.
 * @param plan The filter, taken apart.
 * @returns Whether every comparison holds.
 */
export function matchesFilter(event: Event, plan: FilterPlan): boolean {
  for (const { field, value } of plan.columns) {
    if (event[field] !== value) return false;
  }
  for (const { field, value } of plan.ctx) {
    const term = ctxTerms(event, [field])[0];
    if (term === undefined || term.value !== value) return false;
  }
  return true;
}
