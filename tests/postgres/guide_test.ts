// docs/postgres.md: its commands do what it says, run as they stand there.
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AnchorRecorder,
  JsonlAnchor,
  SinkError,
  SqliteSink,
  verifyLog,
} from "@zu/backends/sinks";
import { PostgresSink } from "@zu/backends/sinks/postgres";
import { Guide } from "./_guide.ts";
import { postgresTest } from "./_postgres.ts";
import { ask, whyNoPostgres } from "./_programs.ts";
import { visitOf } from "./_visit.ts";

const lack = await whyNoPostgres();
const RETENTION = "Partitions, and retention by time";
const TRACES = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);

/** Every section with commands; each is run by one of the tests below. */
const SECTIONS = [
  "1. A database and roles",
  "2. A log, and who may do what",
  "3. The events",
  RETENTION,
  "Backups",
];

/** Registers a test on a log that was made as the guide says. */
function guideTest(name: string, fn: (guide: Guide) => Promise<void>): void {
  postgresTest(`guide: ${name}`, async () => {
    await using guide = await Guide.start();
    assertEquals([...new Set(guide.left)], SECTIONS);
    await guide.next(SECTIONS[0]!);
    const said = await guide.next(SECTIONS[1]!);
    assert(said.startsWith("zu is there, on PostgreSQL "), said);
    await fn(guide);
  }, { lack });
}

guideTest(
  "a log is moved from a file, and brought up to date",
  async (guide) => {
    await guide.next("3. The events");
    await using file = await SqliteSink.open(`${guide.folder}/run.db`);
    for (const trace of TRACES) await file.append(visitOf(trace, "ada"));
    const move = "deno run -A move.ts";
    assertEquals(
      await guide.shell(move),
      "3 copied, up to 3, 0 violations\n",
    );
    await file.append(visitOf(TRACES[0]!, "bob"));
    assertEquals(
      await guide.shell(`${move} 3`),
      "1 copied, up to 4, 0 violations\n",
    );
    await using log = await PostgresSink.open(guide.address("log_appender"));
    assertEquals(await log.query(), await file.query());
  },
);

guideTest(
  "a period is closed, archived, verified and dropped",
  async (guide) => {
    await guide.shell(
      "deno run -A make_log.ts log_2026_11 && " +
        'psql "$OWNER" -v schema=log_2026_11 -f grants.sql',
    );
    await guide.next(RETENTION, 2);
    const address = guide.address("log_appender");
    const open = (schema: string) => PostgresSink.open(address, { schema });
    await using november = await open("log_2026_11");
    await using december = await open("log_2026_12");
    {
      const path = `${guide.folder}/log_2026_11.anchors.jsonl`;
      await using anchors = new JsonlAnchor(path);
      await using recorder = new AnchorRecorder(november, anchors);
      for (const trace of TRACES) {
        await recorder.record(await november.append(visitOf(trace, "ada")));
      }
      await december.append(visitOf(TRACES[0]!, "ada"));
    }
    const before = await november.query();

    // An archive that lacks something is not followed by a drop.
    const rows =
      "WHERE trace_id = (SELECT max(trace_id) FROM log_2026_11.events)";
    await guide.server.psql(
      `CREATE TABLE public.kept AS SELECT * FROM log_2026_11.events ${rows};
    DELETE FROM log_2026_11.events ${rows}`,
      "agents",
    );
    await assertRejects(
      () => guide.shell("deno run -A archive.ts log_2026_11"),
      Error,
      "archive.ts",
    );
    await guide.server.psql(
      "INSERT INTO log_2026_11.events SELECT * FROM public.kept",
      "agents",
    );

    const said = await guide.next(RETENTION);
    assert(said.includes("log_2026_11.db has all 3 events"), said);
    const append = () => november.append(visitOf(TRACES[0]!, "eve"));
    await assertRejects(append, SinkError);
    const schemas = "SELECT nspname FROM pg_namespace " +
      "WHERE nspname LIKE 'log%' ORDER BY 1";
    assertEquals(await guide.server.psql(schemas, "agents"), "log_2026_12");
    await using archive = await SqliteSink.open(
      `${guide.folder}/log_2026_11.db`,
      { readOnly: true },
    );
    assertEquals(await archive.query(), before);
    await december.append(visitOf(TRACES[0]!, "bob"));
    assertEquals((await verifyLog(december)).violations, []);
  },
);

guideTest(
  "a dump that was taken amid appends is restored, verifies and goes on",
  async (guide) => {
    await using log = await PostgresSink.open(guide.address("log_appender"), {
      ctxFields: ["user"],
    });
    const before = await log.appendAll(
      TRACES.map((trace) => visitOf(trace, "ada")),
    );
    let isOver = false;
    const appending = Promise.all(TRACES.map(async (trace) => {
      let appended = 0;
      for (; !isOver; appended++) await log.append(visitOf(trace, "bob"));
      return appended;
    }));
    try {
      await guide.next("Backups");
    } finally {
      isOver = true;
    }
    assert((await appending).every((appended) => appended > 0));

    const address = guide.address("log_owner", "restored");
    const options = { ctxFields: ["user"] };
    await using restored = await PostgresSink.open(address, options);
    const { events, violations } = await verifyLog(restored);
    assertEquals(violations, []);
    const all = await log.count();
    assert(events >= before.length && events < all, `${events} of ${all}`);
    assertEquals(await restored.count({ user: "ada" }), before.length);
    // No event of it is another than that of the log, nor at another place.
    const found = await restored.query();
    const last = found.at(-1)!.seq;
    const originals = new Map((await log.query()).map((e) => [e.seq, e]));
    for (const stored of found) assertEquals(stored, originals.get(stored.seq));

    const places = [];
    for (const trace of TRACES) {
      places.push((await restored.append(visitOf(trace, "cid"))).seq);
    }
    assert(places.every((seq) => seq > last), `${places} behind ${last}`);
    const again = await restored.append(before[0]!.event);
    assertEquals(again, before[0]);
    assertEquals((await verifyLog(restored)).violations, []);
    assertEquals(await restored.count({ user: "cid" }), 3);

    // Who may do what was restored as well.
    const connect = "GRANT CONNECT ON DATABASE restored TO log_reader";
    await guide.server.psql(connect);
    const reader = guide.address("log_reader", "restored");
    await using reading = await PostgresSink.open(reader, { readOnly: true });
    assertEquals(await reading.count(), events + 3);
    await assertRejects(() => ask(reader, "DELETE FROM zu.events"));
  },
);
