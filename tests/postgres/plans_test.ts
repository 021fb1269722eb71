// How much of a log is touched, as the server counts it. It plans by what it knows of
// the tables, which may be nothing, or be of another day.
import { assert, assertEquals } from "@std/assert";
import type { EventFilter } from "../../sinks/mod.ts";
import { sample } from "../conformance/event_sink/samples.ts";
import { eventually } from "./_eventually.ts";
import { openLog } from "./_log.ts";
import { postgresTest, withDatabase } from "./_postgres.ts";
import { ask } from "./_programs.ts";

const MANY = 3000;
/** A statement is planned anew five times; from then on, one plan may serve for all. */
const TIMES = 25;
/** What each of the calls may touch: indexes are read by the page, heads twice. */
const ROWS_A_CALL = 20;
/** How often a stream may touch an event: in the index, in the side index, as a row. */
const PASSES_MAX = 3;

/**
 * How many rows of the log have been read, by scans of tables and of indexes.
 * A connection's are counted when it ends, which its client does not wait for.
 */
async function touched(url: string): Promise<number> {
  const others = "SELECT count(*) FROM pg_stat_activity " +
    "WHERE datname = current_database() AND pid <> pg_backend_pid()";
  await eventually(
    "the end of all connections",
    async () => await ask(url, others) === "0",
  );
  const said = await ask(
    url,
    `SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables
        WHERE relname IN ('events', 'event_index')) +
      (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes
        WHERE relname IN ('events', 'event_index'))`,
  );
  return Number(said);
}

/** A log of one trace, task and type, of which the server knows just that. */
async function fill(url: string): Promise<void> {
  await using sink = await openLog(url, { ctxFields: ["step"] });
  await ask(
    url,
    "ALTER TABLE zu.events SET (autovacuum_enabled = off);" +
      "ALTER TABLE zu.event_index SET (autovacuum_enabled = off)",
  );
  await sink.appendAll(
    Array.from(
      { length: MANY },
      () => sample({ payload: { ctx: { step: "usual" } } }),
    ),
  );
  await ask(url, "ANALYZE zu.events, zu.event_index");
  // Whoever opens it next has nothing left to index.
  await (await openLog(url, { ctxFields: ["step"] })).close();
}

postgresTest(
  "PostgresSink appends one by one to a log whose tables nobody analyzes, by its indexes",
  async () => {
    await withDatabase(async (url) => {
      const count = 400;
      {
        await using sink = await openLog(url);
        await ask(url, "ALTER TABLE zu.events SET (autovacuum_enabled = off)");
        for (let n = 0; n < count; n++) await sink.append(sample());
      }
      const rows = await touched(url);
      assert(rows < count * ROWS_A_CALL, `${rows} rows were read`);
    });
  },
);

postgresTest(
  "PostgresSink begins a trace in a log of few traces without a walk through the log",
  async () => {
    await withDatabase(async (url) => {
      await fill(url);
      const before = await touched(url);
      {
        await using sink = await openLog(url);
        for (let n = 0; n < TIMES; n++) {
          await sink.append(sample({ trace_id: crypto.randomUUID() }));
        }
      }
      const rows = await touched(url) - before;
      assert(rows < TIMES * ROWS_A_CALL, `${rows} rows were read`);
    });
  },
);

const RARE: Readonly<Record<string, () => EventFilter>> = {
  "an id": () => ({ event_id: crypto.randomUUID() }),
  "a trace": () => ({ trace_id: crypto.randomUUID() }),
  "a task": () => ({ task_id: crypto.randomUUID() }),
  "a type": () => ({ type: `rare.${crypto.randomUUID()}` }),
  "a ctx field": () => ({ step: crypto.randomUUID() }),
  "a trace and its usual type": () => ({
    trace_id: crypto.randomUUID(),
    type: sample().type,
  }),
};

for (const [what, filter] of Object.entries(RARE)) {
  postgresTest(
    `PostgresSink finds and counts the events of ${what} that is rare by its index`,
    async () => {
      await withDatabase(async (url) => {
        await fill(url);
        const before = await touched(url);
        {
          await using sink = await openLog(url, { ctxFields: ["step"] });
          for (let n = 0; n < TIMES; n++) {
            const rare = filter();
            assertEquals(await sink.query(rare), []);
            assertEquals(await sink.count(rare), 0);
          }
        }
        const rows = await touched(url) - before;
        assert(rows < TIMES * 2 * ROWS_A_CALL, `${rows} rows were read`);
      });
    },
  );
}

const { trace_id, task_id, type } = sample();
const COMMON: Readonly<Record<string, EventFilter>> = {
  "place alone": {},
  "a trace": { trace_id },
  "a task": { task_id },
  "a type": { type },
  "a ctx field": { step: "usual" },
  "a trace, its type and a ctx field": { trace_id, type, step: "usual" },
};

for (const [what, filter] of Object.entries(COMMON)) {
  postgresTest(
    `PostgresSink reads no page twice when all events are alike and it streams them by ${what}`,
    async () => {
      await withDatabase(async (url) => {
        await fill(url);
        const before = await touched(url);
        {
          await using sink = await openLog(url, { ctxFields: ["step"] });
          const options = { batchSize: MANY / TIMES };
          const events = await Array.fromAsync(sink.stream(filter, options));
          assertEquals(events.length, MANY);
        }
        const rows = await touched(url) - before;
        assert(rows < MANY * PASSES_MAX, `${rows} rows were read`);
      });
    },
  );
}
