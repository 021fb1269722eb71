import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import {
  type EventFilter,
  FILTER_COLUMNS,
  planFilter,
} from "../../../sinks/event_filter.ts";
import { loadBuiltinDriver } from "../../../sinks/sqlite/builtin_driver.ts";
import { createTables } from "../../../sinks/sqlite/schema.ts";
import {
  type Select,
  selectCount,
  selectPage,
} from "../../../sinks/sqlite/select.ts";
import { uuid } from "./_helpers.ts";

/** Every single column, each as text and as null, and what goes together. */
const FILTERS: EventFilter[] = [
  {},
  ...FILTER_COLUMNS.flatMap((column) => [
    { [column]: "x" },
    { [column]: null },
  ]),
  { trace_id: uuid(1), type: "harness.step" },
  { trace_id: uuid(1), task_id: uuid(2) },
  { task_id: uuid(2), type: "harness.step", source: "loop" },
  { event_id: uuid(1), trace_id: uuid(1), task_id: uuid(2) },
  { parent_id: uuid(1), source: "loop" },
  Object.fromEntries(FILTER_COLUMNS.map((column) => [column, "x"])),
];

const CTX_FILTERS: EventFilter[] = [
  { team: "red" },
  { team: null },
  { team: "red", role: "admin" },
  { team: "red", role: null },
  { team: "red", type: "harness.step" },
  { team: "red", trace_id: uuid(1), source: "loop" },
];

/** A log, with the statistics that somebody may have had SQLite gather. */
async function database(
  withCtx: boolean,
  analyzed = true,
): Promise<DatabaseSync> {
  const driver = await loadBuiltinDriver();
  const path = await Deno.makeTempFile();
  const connection = driver.open(path, { readOnly: false });
  createTables(connection, withCtx);
  connection.exec(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
     INSERT INTO events(event_id, trace_id, task_id, parent_id, type, source, data)
     SELECT 'e' || i, 't' || (i % 3), 'k' || (i % 50), NULL,
       'harness.' || (i % 2), 's', x'00' FROM n`,
  );
  connection.exec(
    `INSERT INTO event_index SELECT event_id, 'team', 'red' FROM events;
     INSERT INTO event_index SELECT event_id, 'role', 'admin' FROM events`,
  );
  if (analyzed) connection.exec("ANALYZE");
  connection.close();
  const db = new DatabaseSync(path);
  // An open file goes on living without its name.
  await Deno.remove(path);
  return db;
}

function queryPlan(db: DatabaseSync, { sql, params }: Select): string {
  const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...params as (string | number | null)[]);
  return rows.map(({ detail }) => detail).join("; ");
}

function page(filter: EventFilter, hasCtxSeq: boolean): Select {
  const plan = planFilter(filter, ["team", "role"]);
  return selectPage({ plan, afterSeq: 250, limit: 10 }, hasCtxSeq);
}

Deno.test("selectPage walks along the rowid whatever columns are filtered", async () => {
  const db = await database(false);
  try {
    for (const filter of FILTERS) {
      const plan = queryPlan(db, page(filter, false));
      assert(!plan.includes("TEMP B-TREE"), `${Deno.inspect(filter)}: ${plan}`);
      // An id has one row at most, so that a range of it is no help.
      const range = filter.event_id ? "(event_id=?)" : "rowid>?";
      assert(plan.includes(range), `${Deno.inspect(filter)}: ${plan}`);
      assert(plan.startsWith("SEARCH e USING"), plan);
    }
  } finally {
    db.close();
  }
});

Deno.test("selectPage walks along zu_ctx_seq where a ctx field is filtered", async () => {
  const db = await database(true);
  try {
    for (const filter of CTX_FILTERS) {
      const plan = queryPlan(db, page(filter, true));
      assert(!plan.includes("TEMP B-TREE"), `${Deno.inspect(filter)}: ${plan}`);
      assert(
        plan.startsWith(
          "SEARCH c USING COVERING INDEX zu_ctx_seq_fvs (field=? AND value=? AND seq>? AND seq<?); " +
            "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)",
        ),
        `${Deno.inspect(filter)}: ${plan}`,
      );
    }
  } finally {
    db.close();
  }
});

Deno.test("selectPage probes the shared side index where there is no zu_ctx_seq", async () => {
  const db = await database(false);
  try {
    for (const filter of CTX_FILTERS) {
      const plan = queryPlan(db, page(filter, false));
      assert(!plan.includes("TEMP B-TREE"), `${Deno.inspect(filter)}: ${plan}`);
      assert(plan.includes("rowid>?"), plan);
      assert(plan.includes("sqlite_autoindex_event_index_1"), plan);
    }
  } finally {
    db.close();
  }
});

Deno.test("selectPage takes the most selective index that there is", async () => {
  const db = await database(false, false);
  const index = (filter: EventFilter) =>
    /USING (?:INDEX )?(\S+)/.exec(queryPlan(db, page(filter, false)))?.[1];
  try {
    const all = { trace_id: "t1", type: "harness.1", source: "s" };
    assertEquals(index({ type: "harness.1" }), "idx_events_type");
    assertEquals(index(all), "idx_events_trace");
    // A task belongs to one trace, so it has at most as many events.
    assertEquals(index({ ...all, task_id: "k1" }), "idx_events_task");
    assertEquals(
      index({ ...all, task_id: "k1", event_id: "e1" }),
      "sqlite_autoindex_events_1",
    );
  } finally {
    db.close();
  }
});

Deno.test("selectPage and selectCount agree with a plain scan of the table", async () => {
  for (const hasCtxSeq of [false, true]) {
    const db = await database(hasCtxSeq);
    try {
      const filters: EventFilter[] = [
        {},
        { trace_id: "t1" },
        { task_id: "k7", type: "harness.1" },
        { parent_id: null, type: "harness.0" },
        { source: "none" },
        { team: "red", trace_id: "t2" },
        { team: "red", role: "admin", task_id: "k4" },
        { team: "blue" },
        { team: null },
      ];
      for (const filter of filters) {
        const expected = db.prepare("SELECT * FROM events ORDER BY seq").all()
          .filter((row) =>
            Object.entries(filter).every(([field, value]) =>
              field === "team"
                ? value === "red"
                : field === "role"
                ? value === "admin"
                : row[field] === value
            )
          ).map(({ seq }) => seq as number);
        const { sql, params } = page(filter, hasCtxSeq);
        const got = db.prepare(sql).all(...params as string[])
          .map(({ seq }) => seq as number);
        const behind = expected.filter((seq) => seq > 250).slice(0, 10);
        assertEquals(got, behind, Deno.inspect(filter));
        const count = selectCount(
          planFilter(filter, ["team", "role"]),
          hasCtxSeq,
        );
        const [row] = db.prepare(count.sql).all(...count.params as string[]);
        assertEquals(Object.values(row!), [expected.length]);
      }
    } finally {
      db.close();
    }
  }
});
