import { assertEquals, assertRejects } from "@std/assert";
import { SinkError } from "../../sinks/mod.ts";
import type { PostgresSink } from "../../sinks/postgres_sink.ts";
import { soon } from "../conformance/_soon.ts";
import { eventually } from "./_eventually.ts";
import { Follower } from "./_follower.ts";
import { eventOf, onInsert, openLog, seqsOf } from "./_log.ts";
import { postgresTest, withDatabase } from "./_postgres.ts";
import { ask, whyNoPostgres } from "./_programs.ts";
import { PostgresServer } from "./_server.ts";
import { Session } from "./_session.ts";

/** The lock that events of the type "harness.held" wait for before they are committed. */
const HOLD = "SELECT pg_advisory_lock(1)";
const LET_GO = "SELECT pg_advisory_unlock(1)";
const WAIT = "PERFORM pg_advisory_xact_lock(1);";
const FAIL = "RAISE EXCEPTION 'not this one';";
/** What an append may take that waits for nobody. */
const AT_ONCE_MS = 4_000;

/** Waits until an append has drawn its place, and waits to be let go. */
async function isHeld(url: string): Promise<void> {
  await eventually("an append that waits", async () => {
    const sql = "SELECT count(*) FROM pg_stat_activity " +
      "WHERE datname = current_database() AND wait_event = 'advisory'";
    return await ask(url, sql) === "1";
  });
}

/** A reader that trusts the places alone: it goes on behind the last one it has seen. */
class Trusting {
  readonly seqs: number[] = [];
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async read(): Promise<void> {
    const after = this.seqs.at(-1) ?? 0;
    const sql = `SELECT seq FROM zu.events WHERE seq > ${after} ORDER BY seq`;
    const said = await ask(this.#url, sql);
    if (said !== "") this.seqs.push(...said.split("\n").map(Number));
  }
}

/** All that a sink shows, in each way that it can be read. */
async function shown(sink: PostgresSink): Promise<number[][]> {
  const streamed = await Array.fromAsync(sink.stream());
  const audited = await Array.fromAsync(sink.audit());
  return [
    seqsOf(await sink.query()),
    seqsOf(streamed),
    audited.flat().map(({ seq }) => seq),
    Array.from({ length: await sink.count() }, (_, n) => n + 1),
  ];
}

postgresTest(
  "PostgresSink shows no event before one that is still being committed, where a reader that trusts places loses it",
  () =>
    withDatabase(async (url) => {
      await using slow = await openLog(url);
      await using quick = await openLog(url);
      await using finder = await openLog(url);
      await using reader = await openLog(url);
      await onInsert(url, "harness.held", WAIT);
      await using session = new Session(url);
      const trusting = new Trusting(url);
      const follower = new Follower(reader);

      await session.ask(HOLD);
      const held = slow.append(eventOf(1, "harness.held"));
      await isHeld(url);
      const second = eventOf(2);
      assertEquals((await quick.append(second)).seq, 2);
      await trusting.read();
      assertEquals(trusting.seqs, [2]);
      assertEquals(await shown(reader), [[], [], [], []]);
      // Who has appended the second waits for the first, and skips neither; so does
      // who was told that it is there already.
      assertEquals((await finder.append(second)).seq, 2);
      let areOver = 0;
      const [own, found] = [quick, finder].map(async (sink) => {
        const stored = await sink.query();
        areOver++;
        return stored;
      });
      // Another sink has read the log four times in the meantime.
      assertEquals(await shown(reader), [[], [], [], []]);
      assertEquals(areOver, 0);

      await session.ask(LET_GO);
      assertEquals((await held).seq, 1);
      assertEquals(seqsOf(await own!), [1, 2]);
      assertEquals(seqsOf(await found!), [1, 2]);
      assertEquals(await shown(reader), [[1, 2], [1, 2], [1, 2], [1, 2]]);
      await follower.endLike([1, 2]);
      await trusting.read();
      assertEquals(trusting.seqs, [2], "it has lost the first, as it has to");
    }),
);

postgresTest(
  "PostgresSink waits for an append that it has drawn behind, and for no other transaction",
  () =>
    withDatabase(async (url) => {
      await using sink = await openLog(url);
      await using reader = await openLog(url);
      await using other = await openLog(url, { schema: "other" });
      await using here = new Session(url);
      await using elsewhere = new Session(url);
      // It has a number, has changed something, and holds locks of the same kind.
      await here.ask("BEGIN");
      await here.ask("CREATE TABLE t AS SELECT pg_current_xact_id()");
      await here.ask("SELECT pg_advisory_xact_lock(1, 1)");
      await withDatabase(async (foreign) => {
        await using there = new Session(foreign);
        await there.ask("BEGIN");
        await there.ask("CREATE TABLE t AS SELECT pg_current_xact_id()");
        // Another log of the same database is being appended to.
        await onInsert(url, "harness.held", WAIT);
        await ask(
          url,
          "CREATE TRIGGER test AFTER INSERT ON other.events FOR EACH ROW " +
            "EXECUTE FUNCTION zu.test()",
        );
        await elsewhere.ask(HOLD);
        const held = other.append(eventOf(1));
        await isHeld(url);
        for (const seq of [1, 2, 3]) {
          const stored = await sink.append(eventOf(1));
          assertEquals(stored.seq, seq);
          const found = await soon("a read", reader.query(), AT_ONCE_MS);
          assertEquals(found.at(-1), stored);
        }
        await elsewhere.ask(LET_GO);
        await held;
        await there.ask("ROLLBACK");
      });
      await here.ask("ROLLBACK");
    }),
);

postgresTest(
  "PostgresSink leaves a gap where an append was rolled back, and waits for nobody there",
  () =>
    withDatabase(async (url) => {
      await using sink = await openLog(url);
      await using reader = await openLog(url);
      const follower = new Follower(reader);
      await onInsert(url, "harness.refused", FAIL);
      await sink.append(eventOf(1));
      const refused = () => sink.append(eventOf(1, "harness.refused"));
      const error = await assertRejects(refused, SinkError, "not this one");
      assertEquals(error.code, "io");
      const { seq } = await sink.append(eventOf(1));
      const places = [1, seq];
      assertEquals(seq > 2, true, "places were drawn and not used");
      const found = await soon("a read", reader.query(), AT_ONCE_MS);
      assertEquals(seqsOf(found), places);
      await follower.endLike(places);
    }),
);

postgresTest(
  "PostgresSink shows what comes at a place that was drawn in vain before a crash",
  async () => {
    // What is not committed comes to the disk later than the crash.
    const settings = { wal_writer_delay: "10s" };
    await using server = await PostgresServer.start({ settings });
    const url = server.url();
    await using sink = await openLog(url);
    const follower = new Follower(sink);
    await onInsert(url, "harness.refused", FAIL);
    await sink.append(eventOf(1));
    // Nor does it fill a page of the log, which would go to the disk at once.
    await ask(url, "SELECT pg_switch_wal()");
    // From here on, it is written down anew how far places were drawn.
    await ask(url, "CHECKPOINT");
    await assertRejects(() => sink.append(eventOf(1, "harness.refused")));
    const drawn = Number(
      await ask(url, "SELECT last_value FROM zu.events_seq"),
    );
    assertEquals(await shown(sink), [[1], [1], [1], [1]]);
    await server.kill();
    await server.start();
    const { seq } = await sink.append(eventOf(1));
    assertEquals(seq <= drawn, true, "a place has come again");
    await follower.endLike([1, seq]);
  },
  { lack: await whyNoPostgres() },
);
