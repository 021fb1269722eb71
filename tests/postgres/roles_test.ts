// The roles of docs/postgres.md, made by its own commands: what each may do, and what
// the server refuses it.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type EventSink, SinkError, verifyLog } from "@zu/backends/sinks";
import { PostgresSink } from "@zu/backends/sinks/postgres";
import { Guide } from "./_guide.ts";
import { postgresTest } from "./_postgres.ts";
import { ask, whyNoPostgres } from "./_programs.ts";
import { visitOf } from "./_visit.ts";

const lack = await whyNoPostgres();
const TRACE = "00000000-0000-4000-8000-0000000000aa";
const CTX = { ctxFields: ["user"] };

/** Registers a test on a log that was made, and opened to others, as the guide says. */
function rolesTest(name: string, fn: (guide: Guide) => Promise<void>): void {
  postgresTest(name, async () => {
    await using guide = await Guide.start();
    await guide.next("1. A database and roles");
    await guide.next("2. A log, and who may do what");
    await fn(guide);
  }, { lack });
}

/** Whatever changes a log other than its functions, or makes room for that. */
const WRITES = [
  ..."events event_index zu_log zu_ctx_fields".split(" ").flatMap((table) => [
    `DELETE FROM zu.${table}`,
    `TRUNCATE zu.${table}`,
    `INSERT INTO zu.${table} SELECT * FROM zu.${table}`,
    `COPY zu.${table} FROM '/dev/null'`,
    `SELECT * FROM zu.${table} FOR UPDATE`,
    `SELECT * FROM zu.${table} FOR KEY SHARE`,
    `BEGIN; LOCK TABLE zu.${table} IN SHARE MODE`,
    `ALTER TABLE zu.${table} DISABLE TRIGGER ALL`,
    `DROP TABLE zu.${table}`,
  ]),
  "UPDATE zu.events SET source = 'x'",
  "UPDATE zu.event_index SET value = 'x'",
  "UPDATE zu.zu_log SET lock_class = 1",
  "UPDATE zu.zu_ctx_fields SET indexed_to = 0",
  "SELECT setval('zu.events_seq', 1)",
  "SELECT nextval('zu.events_seq')",
  "ALTER SEQUENCE zu.events_seq RESTART",
  "CREATE TRIGGER t BEFORE INSERT ON zu.events EXECUTE FUNCTION now()",
  "CREATE RULE r AS ON INSERT TO zu.events DO INSTEAD NOTHING",
  "CREATE TABLE zu.mine (n int)",
  "CREATE FUNCTION zu.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  "CREATE OR REPLACE FUNCTION zu.settled() RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
  "ALTER FUNCTION zu.settled SECURITY INVOKER",
  "CREATE TABLE public.mine (n int)",
  "CREATE TEMPORARY TABLE mine (n int)",
  "CREATE SCHEMA mine",
  "DROP SCHEMA zu CASCADE",
  "SET ROLE log_owner",
  "SET SESSION AUTHORIZATION log_owner",
  "SELECT pg_advisory_lock(1)",
  "SELECT pg_advisory_lock_shared(lock_class, 0) FROM zu.zu_log",
  "SELECT pg_try_advisory_xact_lock(lock_class + 1, 0) FROM zu.zu_log",
  "SELECT lo_create(0)",
  "SELECT lo_from_bytea(0, 'x')",
];

async function isRefusedEverything(
  address: string,
  more: readonly string[] = [],
): Promise<void> {
  const allowed: string[] = [];
  for (const sql of [...WRITES, ...more]) {
    const error: Error = await ask(address, sql)
      .then(() => new Error("it was done"), (error) => error);
    const isRefused =
      /permission denied|must be owner|must be superuser|only table owner/
        .test(error.message);
    if (!isRefused) allowed.push(`${sql}: ${error.message}`);
  }
  assertEquals(allowed, []);
}

async function isWhole(log: EventSink, events: number): Promise<void> {
  const report = await verifyLog(log);
  assertEquals([report.events, report.violations], [events, []]);
}

/** What comes of an event that is appended while a stream follows. */
async function followsWhat(
  log: EventSink,
  append: () => Promise<unknown>,
): Promise<string> {
  const before = await log.count();
  let seen = 0;
  for await (const { event } of log.stream({}, { follow: true })) {
    seen++;
    if (seen === before) await append();
    if (seen > before) return event.event_id;
  }
  throw new Error("The stream has ended");
}

rolesTest(
  "an appender appends once, reads, streams and follows, with ctx fields",
  async (guide) => {
    const address = guide.address("log_appender");
    const first = visitOf(TRACE, "ada");
    {
      await using log = await PostgresSink.open(address);
      const { seq } = await log.append(first);
      assertEquals((await log.append(first)).seq, seq);
      await log.appendAll([visitOf(TRACE, "bob"), visitOf(TRACE, "ada")]);
      assertEquals((await log.query({ trace_id: TRACE })).length, 3);
    }
    // The side index is brought up to what was appended without it.
    await using log = await PostgresSink.open(address, CTX);
    assertEquals(await log.count({ user: "ada" }), 2);
    assertEquals((await log.append(first)).seq, 1);
    const next = visitOf(TRACE, "ada");
    assertEquals(
      await followsWhat(log, () => log.append(next)),
      next.event_id,
    );
    assertEquals(await log.count({ user: "ada" }), 3);
    await isWhole(log, 4);
  },
);

rolesTest(
  "an appender is refused whatever is no append, by the server",
  async (guide) => {
    const address = guide.address("log_appender");
    await using log = await PostgresSink.open(address, CTX);
    const first = await log.append(visitOf(TRACE, "ada"));
    await isRefusedEverything(address);
    await isWhole(log, 1);
    assertEquals((await log.append(visitOf(TRACE, "bob"))).seq, first.seq + 1);
  },
);

rolesTest(
  "an appender cannot take an event's id or its row in the side index",
  async (guide) => {
    const address = guide.address("log_appender");
    await using log = await PostgresSink.open(address, CTX);
    const { event } = await log.append(visitOf(TRACE, "ada"));
    const { event_id: id } = event;
    const answer = await ask(
      address,
      `SELECT first_seq FROM zu.append('0', 'on', '{}', '{}', '{${id}}',
        '{${TRACE}}', '{${TRACE}}', '{NULL}', '{data.x}', '{s}', '{0}', '{1}', 'x',
        '{1}', '{user}', '{eve}')`,
    );
    assertEquals(answer, "-1");
    const index = (id: string, field: string, upTo: number) =>
      ask(
        address,
        `SELECT zu.index_ctx('{${id}}', '{${field}}', '{eve}', '{${field}}', ${upTo})`,
      );
    await index(id, "user", 1);
    assertEquals(await log.count({ user: "ada" }), 1);
    await isWhole(log, 1);

    // What it can add is found, and does not reach beyond what there is.
    await index(id, "friend", 1_000_000);
    const { violations } = await verifyLog(log);
    assertEquals(
      violations.map(({ code, field, found }) => [code, field, found]),
      [["index_mismatch", "friend", "eve"]],
    );
    const fields = "SELECT indexed_to FROM zu.zu_ctx_fields ORDER BY field";
    assertEquals(await guide.server.psql(fields, "agents"), "1\n1");
  },
);

rolesTest(
  "an appender that forges what it appends is found, and breaks what it forged alone",
  async (guide) => {
    const address = guide.address("log_appender");
    await using log = await PostgresSink.open(address);
    await log.append(visitOf(TRACE, "ada"));
    const id = crypto.randomUUID();
    // No lock, no proof of a head, bytes that are no event, and a row of the index
    // that names the next place.
    await ask(
      address,
      `SELECT zu.append('0', 'off', '{}', '{}', '[2:2]={${id}}',
        '{${TRACE}}', '{${TRACE}}', '{NULL}', '{data.x}', '{s}', '{0}', '{1}', 'x',
        '{2}', '{user}', '{eve}')`,
    );
    const other = crypto.randomUUID();
    await log.append(visitOf(other, "bob"));
    const { events, violations } = await verifyLog(log);
    assertEquals(events, 3);
    assertEquals(
      violations.map(({ code, event_id }) => [code, event_id]),
      [["unreadable_row", id], ["orphan_index", id]],
    );
  },
);

rolesTest(
  "a reader reads, verifies and follows, and can append in no way",
  async (guide) => {
    await using writer = await PostgresSink.open(guide.address("log_appender"));
    await writer.append(visitOf(TRACE, "ada"));
    const address = guide.address("log_reader");
    await using log = await PostgresSink.open(address, { readOnly: true });
    await isWhole(log, 1);
    assertEquals((await log.query({ type: "data.page" })).length, 1);
    const next = visitOf(TRACE, "bob");
    assertEquals(
      await followsWhat(log, () => writer.append(next)),
      next.event_id,
    );

    await isRefusedEverything(address, [
      "SELECT zu.lock_traces('{a}')",
      "SELECT zu.confirm('on')",
      "SELECT zu.index_ctx('{}', '{}', '{}', '{}', 0)",
      `SELECT zu.append('0', 'on', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
        '{}', '{}', '', '{}', '{}', '{}')`,
    ]);
    await isWhole(log, 2);
    // It says so, too, where it was opened for more.
    await using bold = await PostgresSink.open(address);
    for (const each of [log, bold]) {
      const append = () => each.append(visitOf(TRACE, "eve"));
      const error = await assertRejects(append, SinkError);
      assertEquals(error.code, "read_only");
    }
    const open = () => PostgresSink.open(address, CTX);
    assertEquals((await assertRejects(open, SinkError)).code, "read_only");
    await isWhole(bold, 2);
  },
);

rolesTest(
  "a role that was granted nothing, or too little, is told what it lacks",
  async (guide) => {
    await guide.server.psql("CREATE ROLE nobody LOGIN");
    const address = guide.address("nobody");
    const isTold = async (what: string) => {
      for (const readOnly of [false, true]) {
        const error = await assertRejects(async () => {
          await using log = await PostgresSink.open(address, { readOnly });
          await log.count();
        }, SinkError);
        assertEquals(error.code, "read_only", error.message);
        assertStringIncludes(error.message, what);
        assertStringIncludes(error.message, "grant the role what it lacks");
      }
    };
    const grant = (what: string) =>
      guide.server.psql(`GRANT ${what} TO nobody`, "agents");
    await isTold("permission denied for database");
    await grant("CONNECT ON DATABASE agents");
    await isTold("permission denied for schema zu");
    await grant("USAGE ON SCHEMA zu");
    await isTold("permission denied for table zu_log");
    await grant("SELECT ON zu.zu_log");
    await isTold("permission denied for function settled");
    await grant("EXECUTE ON FUNCTION zu.settled");
    await isTold("permission denied for table events");
    // It may not make a log, either.
    const open = () => PostgresSink.open(address, { schema: "other" });
    const error = await assertRejects(open, SinkError);
    assertEquals(error.code, "read_only");
    assertStringIncludes(error.message, 'make the log in the schema "other"');
  },
);
