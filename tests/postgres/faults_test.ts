import { assert, assertEquals, assertRejects } from "@std/assert";
import { SinkError } from "../../sinks/mod.ts";
import { PostgresSink } from "../../sinks/postgres_sink.ts";
import { NO_VOLUME, run, withVolume } from "../faults/_root.ts";
import { assertFails, type Fault, Trial } from "../faults/_trial.ts";
import { eventually } from "./_eventually.ts";
import { assertSound, eventOf, onInsert, openLog, seqsOf } from "./_log.ts";
import { postgresTest, withDatabase } from "./_postgres.ts";
import { ask, whyNoPostgres } from "./_programs.ts";
import { PostgresServer } from "./_server.ts";
import { Session } from "./_session.ts";

const lack = await whyNoPostgres();
const MEBIBYTE = 1024 * 1024;

/** Ends the sinks' connections to a database, so that the next ones have its settings. */
async function endConnections(url: string): Promise<void> {
  const unhurried = new URL(url);
  unhurried.searchParams.set("options", "-cstatement_timeout=0");
  await ask(
    unhurried.href,
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity " +
      "WHERE datname = current_database() AND application_name = 'zu-backends'",
  );
}

/** Gives sessions of a database a setting from now on; null takes it back. */
async function setForAll(
  url: string,
  name: string,
  value: string | null,
): Promise<void> {
  const database = new URL(url).pathname.slice(1);
  const change = value === null ? `RESET ${name}` : `SET ${name} = '${value}'`;
  await ask(url, `ALTER DATABASE ${database} ${change}`);
  await endConnections(url);
}

/** Writes a file until no more of it fits. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const page = new Uint8Array(4096);
  try {
    for (;;) await file.write(page);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOSPC") throw error;
  }
}

/** Has a sink live through a fault: see `survives` of tests/faults. */
async function survives(
  sink: PostgresSink,
  fault: Fault,
  trial = new Trial(),
): Promise<void> {
  await trial.succeed(sink);
  await fault.begin();
  try {
    await assertFails(trial, sink, fault);
  } finally {
    await fault.end();
  }
  for (const error of await trial.appendRefused(sink)) throw error;
  await trial.succeed(sink);
  await trial.checkAll(sink);
}

for (const level of ["repeatable read", "serializable"]) {
  postgresTest(
    `a session's default_transaction_isolation: PostgresSink appends nothing in ${level}, and says what to set`,
    () =>
      withDatabase(async (url) => {
        await using sink = await openLog(url);
        await survives(sink, {
          codes: ["io"],
          says: /default_transaction_isolation to 'read committed'/,
          begin: () => setForAll(url, "default_transaction_isolation", level),
          end: () => setForAll(url, "default_transaction_isolation", null),
        });
      }),
  );
}

postgresTest(
  "a session's statement_timeout: PostgresSink says what ended its append, and stores it when it may",
  () =>
    withDatabase(async (url) => {
      await using sink = await openLog(url);
      await onInsert(
        url,
        "harness.step",
        "IF current_setting('statement_timeout') <> '0' THEN " +
          "PERFORM pg_sleep(10); END IF;",
      );
      await survives(sink, {
        codes: ["io"],
        says: /canceling statement due to statement timeout/,
        begin: () => setForAll(url, "statement_timeout", "1s"),
        end: () => setForAll(url, "statement_timeout", null),
      });
    }),
);

postgresTest(
  "a session's lock_timeout and idle_session_timeout: PostgresSink waits for a trace longer than that, and goes on after an idle while",
  () =>
    withDatabase(async (url) => {
      await setForAll(url, "lock_timeout", "1ms");
      await setForAll(url, "idle_session_timeout", "50ms");
      await using sink = await openLog(url);
      const first = await sink.append(eventOf(1));
      await using session = new Session(url);
      await session.ask("SET idle_session_timeout = 0");
      await session.ask("BEGIN");
      const { trace_id } = first.event;
      await session.ask(`SELECT zu.lock_traces(ARRAY['${trace_id}'])`);
      const appended = sink.append(eventOf(1));
      const waiting = "SELECT count(*) FROM pg_stat_activity " +
        "WHERE wait_event = 'advisory' AND datname = current_database() " +
        // Its first try has failed long since.
        "AND query_start < statement_timestamp() - interval '0.1 s'";
      await eventually("a lock that is waited for", async () =>
        await ask(url, waiting) === "1");
      await session.ask("COMMIT");
      assertEquals((await appended).seq, 2);
      await eventually("an end of idle connections", async () => {
        const sql = "SELECT count(*) FROM pg_stat_activity " +
          "WHERE datname = current_database() AND application_name = 'zu-backends'";
        return await ask(url, sql) === "0";
      });
      await sink.append(eventOf(1));
      assertEquals(seqsOf(await sink.query()), [1, 2, 3]);
    }),
);

postgresTest(
  "a schema dropped under the sink: PostgresSink says that there is no log, and goes on with one that is made",
  () =>
    withDatabase(async (url) => {
      await using sink = await openLog(url, { answerTimeoutMs: 2_000 });
      await sink.append(eventOf(1));
      await ask(url, "DROP SCHEMA zu CASCADE");
      for (
        const call of [
          () => sink.append(eventOf(1)),
          () => sink.query(),
          () => sink.count(),
        ]
      ) {
        const error = await assertRejects(call, SinkError, "the schema");
        assertEquals(error.code, "not_a_log");
      }
      await using other = await openLog(url);
      const event = eventOf(1);
      const stored = await sink.append(event);
      assertEquals(await other.query(), [stored]);
      assertEquals(stored.event.prev_hash, null);
    }),
);

postgresTest(
  "a function replaced under the sink: PostgresSink stores the same bytes when its statement has to be prepared again",
  () =>
    withDatabase(async (url) => {
      await using sink = await openLog(url);
      await sink.append(eventOf(1));
      // As a later release might: the statement that was prepared answers otherwise.
      const text = "pg_get_functiondef('zu.append'::regproc)";
      const definition = await ask(url, `SELECT ${text}`);
      const longer = definition.replace(
        "OUT standbys text",
        "OUT standbys text, OUT more text",
      );
      await ask(url, `DROP FUNCTION zu.append; ${longer}`);
      const stored = await sink.append(eventOf(1));
      assertEquals(stored.seq, 2);
      assertEquals((await sink.query()).at(-1), stored);
      await assertSound(sink, 2);
    }),
);

postgresTest(
  "permission taken away, and too many connections: PostgresSink says so, and goes on when that is over",
  async () => {
    await using server = await PostgresServer.start();
    await (await openLog(server.url())).close();
    await server.psql(
      `CREATE ROLE agent LOGIN; GRANT USAGE ON SCHEMA zu TO agent;
      GRANT SELECT ON ALL TABLES IN SCHEMA zu TO agent;
      GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA zu TO agent`,
    );
    const url = server.url().replace("postgres@", "agent@");
    const psql = (sql: string) => async () => {
      await server.psql(sql);
      await endConnections(server.url());
    };
    const trial = new Trial();
    await using sink = await openLog(url);
    await survives(sink, {
      codes: ["read_only"],
      says: /permission denied.*grant the role what it lacks/,
      begin: psql("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA zu FROM agent"),
      end: psql("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA zu TO agent"),
      isUnreadable: true,
    }, trial);
    await using hasty = await openLog(url, { reconnectMs: 0 });
    await survives(hasty, {
      codes: ["io"],
      says: /too many connections for role/,
      begin: psql("ALTER ROLE agent CONNECTION LIMIT 0"),
      end: psql("ALTER ROLE agent CONNECTION LIMIT -1"),
      isUnreadable: true,
    }, trial);
    // One that may wait does.
    await psql("ALTER ROLE agent CONNECTION LIMIT 0")();
    const appended = sink.append(eventOf(1));
    await assertRejects(() => hasty.append(eventOf(1)), SinkError);
    await psql("ALTER ROLE agent CONNECTION LIMIT 3")();
    const { seq } = await appended;
    assert(seqsOf(await sink.query()).includes(seq));
  },
  { lack },
);

postgresTest(
  "a full disk: PostgresSink says disk_full, shows what it has, and goes on when there is room",
  async () => {
    await withVolume(8 * MEBIBYTE, async (folder) => {
      await using server = await PostgresServer.start();
      const url = server.url();
      await using sink = await openLog(url);
      await run("install", "-d", "-o", "postgres", `${folder}/space`);
      await ask(url, `CREATE TABLESPACE small LOCATION '${folder}/space'`);
      await ask(url, "ALTER TABLE zu.events SET TABLESPACE small");
      const filler = `${folder}/filler`;
      const trial = new Trial();
      await survives(sink, {
        codes: ["disk_full"],
        says: /No space left on device.*free some space/,
        begin: async () => {
          await fill(filler);
          // The table's last page may still have room for some.
          for (let errors: unknown[] = []; errors.length === 0;) {
            errors = await trial.submit(sink, [[trial.event()]]);
          }
        },
        end: () => Deno.remove(filler),
      }, trial);
    });
  },
  { lack: lack ?? NO_VOLUME },
);

Deno.test("a password that is not to be had: PostgresSink.open says what its owner was told, and waits for none for ever", async () => {
  const refused = () => Promise.reject(new Error("the vault is sealed"));
  const never = () => new Promise<string>(() => {});
  const at = { host: "127.0.0.1", port: 1 };
  await assertRejects(
    () => PostgresSink.open({ ...at, password: refused }),
    Error,
    "the vault is sealed",
  );
  const error = await assertRejects(
    () =>
      PostgresSink.open({ ...at, password: never }, { connectTimeoutMs: 100 }),
    SinkError,
    "no connection within 100 ms",
  );
  assertEquals(error.code, "io");
});
