// FROM and WHERE for a filter. A count is planned by the server, for the values that it
// has. A page is not: its plan is made once, for whatever values come, by what was known
// of the tables then. If that was of few traces, say, it would look for one along the
// seq, through all of the log if it is rare. So a page says which index it is read along,
// as a comparison of rows that no other index serves, and keeps to itself how rare the
// rest may be.
import type { FilterPlan, FilterTerm } from "../event_filter.ts";
import type { PgValue } from "./client.ts";
import { toStored } from "./text.ts";

/** An index takes no more of a text than this many characters. */
const PREFIX = 128;

/** What matches, without a range of seq. */
export interface Matching {
  /** FROM and WHERE. */
  readonly sql: string;
  readonly params: readonly PgValue[];
}

/** The index that a page is read along: what is the same all the way, and the seq. */
export interface Walk {
  readonly columns: readonly string[];
  readonly values: readonly string[];
  readonly seq: string;
}

/** A walk, what it takes beside the range, and the term of the filter that it stands for. */
interface Choice extends Walk {
  readonly term?: FilterTerm | undefined;
  readonly conditions: readonly string[];
}

const FROM_EVENTS = "ZU.events e";
const FROM_CTX = "ZU.event_index c JOIN ZU.events e ON e.seq = c.seq";
const SAME_EVENT = "c.event_id = e.event_id";

function prefix(text: string): string {
  return `left(${text}, ${PREFIX})`;
}

/** The terms of a statement, as its parameters are bound. */
class Terms {
  readonly params: PgValue[] = [];

  bind(value: string): string {
    return `$${this.params.push(toStored(value))}::text`;
  }

  equals(column: string, value: string | null): string {
    const isCut = column === "e.type" || column.endsWith(".value");
    if (value === null) return `${isCut ? prefix(column) : column} IS NULL`;
    const bound = this.bind(value);
    const same = `${column} = ${bound}`;
    return isCut ? `${prefix(column)} = ${prefix(bound)} AND ${same}` : same;
  }

  /** The row of the side index under `alias` is of this field and value. */
  ofCtx(alias: string, { field, value }: FilterTerm): string {
    const name = this.equals(`${alias}.field`, field);
    return `${name} AND ${this.equals(`${alias}.value`, value)}`;
  }

  hasCtx(term: FilterTerm): string {
    return "EXISTS (SELECT FROM ZU.event_index i WHERE i.event_id = e.event_id " +
      `AND i.seq = e.seq AND ${this.ofCtx("i", term)})`;
  }
}

/** What matches, for a page that is read along an index. */
export function matchingPage(plan: FilterPlan): Matching & { walk: Walk } {
  const terms = new Terms();
  const walk = choose(plan, terms);
  const rest = [
    ...plan.columns.filter((term) => term !== walk.term).map((term) =>
      terms.equals(`e.${term.field}`, term.value)
    ),
    ...plan.ctx.filter((term) => term !== walk.term).map((term) =>
      terms.hasCtx(term)
    ),
  ];
  const conditions = [...walk.conditions, ...rest.map(withoutEstimate)];
  return {
    sql: from(walk.seq === "c.seq" ? FROM_CTX : FROM_EVENTS, conditions),
    params: terms.params,
    walk,
  };
}

/** What matches, for a count, and the seq that it is to be bounded by. */
export function matchingAll(plan: FilterPlan): Matching & { seq: string } {
  const terms = new Terms();
  const columns = plan.columns.map(({ field, value }) =>
    terms.equals(`e.${field}`, value)
  );
  const [first, ...others] = plan.ctx;
  const ctx = first === undefined ? [] : [SAME_EVENT, terms.ofCtx("c", first)];
  const rest = others.map((term) => terms.hasCtx(term));
  return {
    sql: from(
      first === undefined ? FROM_EVENTS : FROM_CTX,
      [...columns, ...ctx, ...rest],
    ),
    params: terms.params,
    seq: first === undefined ? "e.seq" : "c.seq",
  };
}

function from(tables: string, conditions: readonly string[]): string {
  return `${tables} WHERE ${
    conditions.length === 0 ? "true" : conditions.join(" AND ")
  }`;
}

/** Of such a number, the server expects that it is hardly ever 0. */
function withoutEstimate(condition: string): string {
  return `CASE WHEN ${condition} THEN 1 ELSE 0 END <> 0`;
}

/** Along the ids, where there is one row at most: no index has the seq as a sum. */
function chooseId(term: FilterTerm, terms: Terms): Choice {
  const conditions = [`e.event_id = ${terms.bind(term.value!)}`];
  return { term, columns: [], values: [], seq: "(e.seq + 0)", conditions };
}

/**
 * The index of what is likely to be the rarest: a trace is one run of an agent, and a
 * field of ctx is registered to be looked for.
 */
function choose(plan: FilterPlan, terms: Terms): Choice {
  const column = (name: string) =>
    plan.columns.find(({ field, value }) => field === name && value !== null);
  const id = column("event_id");
  if (id !== undefined) return chooseId(id, terms);
  const ctx = plan.ctx.find(({ value }) => value !== null);
  const term = column("trace_id") ?? ctx ?? column("task_id") ?? column("type");
  if (term === undefined) return chooseNone(plan, terms);
  const value = terms.bind(term.value!);
  if (term === ctx) {
    return {
      term,
      columns: ["c.field", prefix("c.value")],
      values: [terms.bind(term.field), prefix(value)],
      seq: "c.seq",
      conditions: [SAME_EVENT, `c.value = ${value}`].map(withoutEstimate),
    };
  }
  const name = `e.${term.field}`;
  const along = { term, seq: "e.seq", conditions: [] };
  if (term.field !== "type") {
    return { ...along, columns: [name], values: [value] };
  }
  return {
    ...along,
    columns: [prefix(name)],
    values: [prefix(value)],
    conditions: [withoutEstimate(`${name} = ${value}`)],
  };
}

/** Along the seq: null cannot be compared with. */
function chooseNone({ ctx: [term] }: FilterPlan, terms: Terms): Choice {
  const along = { columns: [], values: [] };
  if (term === undefined) return { ...along, seq: "e.seq", conditions: [] };
  const conditions = [withoutEstimate(SAME_EVENT), terms.ofCtx("c", term)];
  return { ...along, term, seq: "c.seq", conditions };
}
