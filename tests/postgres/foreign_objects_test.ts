// Objects that somebody has put where the log's functions and the sink look for theirs,
// and schemas that somebody has made before the log.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { SinkError, verifyLog } from "@zu/backends/sinks";
import { PostgresSink } from "@zu/backends/sinks/postgres";
import postgres from "postgres";
import { postgresTest } from "./_postgres.ts";
import { ask, whyNoPostgres } from "./_programs.ts";
import { PostgresServer } from "./_server.ts";
import { visitOf } from "./_visit.ts";

const lack = await whyNoPostgres();
const TRACE = "00000000-0000-4000-8000-0000000000aa";

/** Registers a test on a database of `owner`'s, in which `eve` may do much. */
function attackTest(
  name: string,
  fn: (attack: {
    readonly admin: string;
    readonly owner: string;
    readonly eve: string;
  }) => Promise<void>,
): void {
  postgresTest(name, async () => {
    await using server = await PostgresServer.start();
    for (
      const sql of [
        "CREATE ROLE owner LOGIN",
        "CREATE ROLE eve LOGIN",
        "CREATE DATABASE agents OWNER owner",
      ]
    ) await server.psql(sql);
    await server.psql("GRANT CREATE ON SCHEMA public TO eve", "agents");
    const address = (role: string) =>
      server.url("agents").replace("//postgres@", `//${role}@`);
    await fn({
      admin: server.url("agents"),
      owner: address("owner"),
      eve: address("eve"),
    });
  }, { lack });
}

/**
 * Functions that fit what the sink and the log's functions call better than PostgreSQL's
 * own do, which take any type, or another number.
 */
function traps(schema: string): string {
  return [
    "cardinality(text[]) RETURNS integer",
    "cardinality(integer[]) RETURNS integer",
    "unnest(text[]) RETURNS SETOF text",
    "json_agg(json) RETURNS json",
    "json_build_array(text, text, text, text, text, text) RETURNS json",
    "hashtextextended(text, integer) RETURNS bigint",
  ].map((signature) =>
    `CREATE FUNCTION ${schema}.${signature} LANGUAGE plpgsql
      AS $$ BEGIN RAISE EXCEPTION 'trapped %', current_user; END $$;`
  ).join("\n");
}

attackTest(
  "PostgresSink calls nothing that somebody has put on the path, nor do its functions",
  async ({ owner, eve }) => {
    await ask(eve, traps("public"));
    const call = () => ask(owner, "SELECT cardinality('{a}'::text[])");
    await assertRejects(call, Error, "trapped owner");
    {
      await using log = await PostgresSink.open(owner, { ctxFields: ["user"] });
      const event = visitOf(TRACE, "ada");
      await log.append(event);
      await log.append(event);
      await log.append(visitOf(TRACE, "bob"));
      assertEquals((await log.query({ user: "ada" })).length, 1);
      assertEquals((await verifyLog(log)).violations, []);
    }
    // Nor from the log's own schema, and not for who is no owner.
    await ask(
      owner,
      "GRANT ALL ON SCHEMA zu TO eve; GRANT SELECT ON ALL TABLES IN SCHEMA zu TO eve; " +
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA zu TO eve",
    );
    await ask(eve, traps("zu"));
    for (const address of [owner, eve]) {
      await using log = await PostgresSink.open(address, {
        ctxFields: ["user", "page"],
      });
      const before = await log.count();
      const event = visitOf(TRACE, "cid");
      await log.append(event);
      await log.append(event);
      assertEquals(await log.count(), before + 1);
      assertEquals((await verifyLog(log)).violations, []);
    }
    // Temporary tables by the names of the log's do not come before them.
    const answer = await ask(
      eve,
      "SET search_path = pg_temp, public, zu; CREATE TEMP TABLE zu_log AS SELECT 7 AS lock_class; " +
        "CREATE TEMP TABLE events (seq bigint); SELECT seq FROM zu.settled(); SELECT zu.lock_traces('{a}')",
    );
    assertEquals(answer.split("\n")[0], "4");
  },
);

attackTest(
  "PostgresSink makes no log where another role has put something before",
  async ({ admin, owner, eve }) => {
    const table = (schema: string) =>
      `CREATE TABLE ${schema}.event_index (event_id text, field text, value text,
        seq bigint, PRIMARY KEY (event_id, field));
      GRANT ALL ON ${schema}.event_index TO PUBLIC`;
    const refusal = async (address: string, schema: string) => {
      const open = () => PostgresSink.open(address, { schema });
      const error = await assertRejects(open, SinkError);
      const log = `SELECT to_regclass('${schema}.zu_log')`;
      assertEquals(await ask(admin, log), "");
      return [error.code, error.message] as const;
    };
    // PostgreSQL itself refuses to index what is another's, or to replace it.
    await ask(owner, "CREATE SCHEMA one; GRANT ALL ON SCHEMA one TO eve");
    const settled =
      "CREATE FUNCTION one.settled() RETURNS bigint LANGUAGE sql " +
      "AS 'SELECT 1::bigint'";
    for (const sql of [table("one"), settled]) {
      await ask(eve, sql);
      for (const address of [owner, admin]) {
        assertEquals((await refusal(address, "one"))[0], "read_only");
      }
      await ask(eve, "DROP OWNED BY eve");
      await ask(owner, "GRANT ALL ON SCHEMA one TO eve");
    }
    // A superuser may do both, and anybody may leave something else alone.
    await ask(admin, "CREATE SCHEMA two; GRANT ALL ON SCHEMA two TO eve");
    await ask(eve, table("two"));
    await ask(eve, "CREATE VIEW one.mine AS SELECT 1");
    for (
      const [address, schema, name] of [
        [admin, "two", "event_index, event_index_pkey"],
        [owner, "one", "mine"],
      ] as const
    ) {
      const [code, message] = await refusal(address, schema);
      assertEquals(code, "not_a_log");
      assertStringIncludes(message, `another role: ${name}`);
    }
  },
);

attackTest(
  "PostgresSink, opened by a superuser, makes the log its schema's owner's",
  async ({ admin, owner }) => {
    await ask(owner, "CREATE SCHEMA zu");
    {
      await using log = await PostgresSink.open(admin);
      await log.append(visitOf(TRACE, "ada"));
    }
    const owners = `SELECT DISTINCT owner::regrole FROM (
      SELECT relowner FROM pg_class WHERE relnamespace = 'zu'::regnamespace
      UNION SELECT proowner FROM pg_proc WHERE pronamespace = 'zu'::regnamespace
    ) AS objects(owner)`;
    assertEquals(await ask(owner, owners), "owner");
    await using log = await PostgresSink.open(owner);
    await log.append(visitOf(TRACE, "bob"));
    assertEquals((await verifyLog(log)).violations, []);
  },
);

attackTest(
  "PostgresSink takes a schema of any name, as it is",
  async ({ owner }) => {
    for (const schema of ["ZU", 'it\'s a "ZU" $zu$ \\ log', "$&", "é"]) {
      await using log = await PostgresSink.open(owner, {
        schema,
        ctxFields: ["user"],
      });
      const { seq } = await log.append(visitOf(TRACE, "ada"));
      await log.append(visitOf(TRACE, "bob"));
      assertEquals([seq, await log.count({ user: "bob" })], [1, 1]);
      assertEquals((await verifyLog(log)).violations, []);
    }
  },
);

attackTest(
  "PostgresSink is held up by who holds its advisory locks, and says by what",
  async ({ owner, eve }) => {
    await using log = await PostgresSink.open(owner, {
      answerTimeoutMs: 2_000,
    });
    await log.append(visitOf(TRACE, "ada"));
    const holder = postgres(eve, { max: 1, fetch_types: false });
    try {
      const lockClass = await ask(owner, "SELECT lock_class FROM zu.zu_log");
      await holder.unsafe(`SELECT pg_advisory_lock_shared(${lockClass}, 0)`);
      const error = await assertRejects(() => log.count(), SinkError);
      assertEquals(error.code, "io");
      assertStringIncludes(error.message, "settled up to");
    } finally {
      await holder.end();
    }
    assertEquals(await log.count(), 1);
  },
);
