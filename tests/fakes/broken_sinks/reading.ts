import { type EventFilter, MemorySink } from "../../../sinks/mod.ts";
import { type Breach, breach, IN_MEMORY, Sound } from "./breach.ts";

/** A filter that is changed on its way to the sink. */
function filtering(
  what: string,
  rule: string,
  change: (filter: Record<string, unknown>) => Record<string, unknown>,
) {
  const changed = (filter?: EventFilter) =>
    change({ ...filter }) as EventFilter;
  return breach(what, rule, ({ inner }) => ({
    query: (filter, options) => inner.query(changed(filter), options),
    stream: (filter, options) => inner.stream(changed(filter), options),
    count: (filter) => inner.count(changed(filter)),
  }));
}

/** Reading that gives the wrong events. */
export const READING: readonly Breach[] = [
  filtering(
    "ignores a null in a filter",
    "lesson 12: matches null with null only",
    (filter) =>
      Object.fromEntries(
        Object.entries(filter).filter(([, value]) => value !== null),
      ),
  ),
  filtering(
    "ignores undefined in a filter",
    "refuses a filter whose value is undefined or no scalar",
    (filter) => JSON.parse(JSON.stringify(filter, (_, v) => v)),
  ),
  filtering(
    "ignores fields that it does not index",
    "refuses a field that it does not index",
    (filter) =>
      Object.fromEntries(
        Object.entries(filter).filter(([field]) => field === "user"),
      ),
  ),
  filtering(
    "compares in any case",
    "filters by each column and by several, through every read",
    (filter) => {
      const { source } = filter;
      return typeof source === "string"
        ? { ...filter, source: source.toUpperCase() }
        : filter;
    },
  ),
  {
    what: "compares ids as they are spelt",
    rule: "filters by each column and by several, through every read",
    supports: IN_MEMORY,
    open: (_log, options) => {
      const sink = new Sound(new MemorySink(options));
      sink.query = async (filter, of) => {
        const found = await sink.inner.query(filter, of);
        const parent_id = filter?.parent_id;
        return parent_id === undefined
          ? found
          : found.filter(({ event }) => event.parent_id === parent_id);
      };
      return sink;
    },
  },
  {
    what: "does not index ctx fields",
    rule: "filters by the ctx fields that it was opened with",
    open: () => new MemorySink(),
    supports: IN_MEMORY,
  },
  breach(
    "counts without the filter",
    "filters by each column and by several, through every read",
    ({ inner }) => ({ count: () => inner.count() }),
  ),
  breach(
    "takes limit 0 for no limit",
    "lesson 12: returns nothing for limit 0",
    ({ inner }) => ({
      query: (filter, options = {}) => {
        const { limit, ...rest } = options;
        return inner.query(filter, limit ? { ...rest, limit } : rest);
      },
    }),
  ),
  breach(
    "rounds a limit",
    "lesson 12: refuses a limit or an afterSeq that is no count",
    ({ inner }) => ({
      query: (filter, options = {}) => {
        const { limit, ...rest } = options;
        if (limit === undefined) return inner.query(filter, options);
        return inner.query(filter, { ...rest, limit: Math.trunc(limit) });
      },
    }),
  ),
  breach(
    "counts afterSeq among the matching",
    "lesson 12: means the log's own seq by afterSeq, whatever the filter",
    ({ inner }) => ({
      query: async (filter, { afterSeq = 0, limit } = {}) =>
        (await inner.query(filter)).slice(afterSeq, limit && afterSeq + limit),
    }),
  ),
  breach(
    "takes afterSeq for the first to return",
    "pages with afterSeq through everything, once each",
    ({ inner }) => ({
      query: (filter, { afterSeq = 0, ...rest } = {}) =>
        inner.query(filter, { ...rest, afterSeq: Math.max(0, afterSeq - 1) }),
    }),
  ),
  breach(
    "limits first and filters then",
    "lesson 12: means the log's own seq by afterSeq, whatever the filter",
    ({ inner }) => ({
      query: async (filter, options) => {
        const page = await inner.query({}, options);
        const seqs = new Set(
          (await inner.query(filter)).map(({ seq }) => seq),
        );
        return page.filter(({ seq }) => seqs.has(seq));
      },
    }),
  ),
  breach(
    "errs now and then",
    "does as the memory sink does in 250 random operations",
    ({ inner }) => {
      let calls = 0;
      return {
        count: async (filter) =>
          await inner.count(filter) + (++calls % 10 === 0 ? 1 : 0),
      };
    },
  ),
];
