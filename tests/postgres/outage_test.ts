import { assert, assertEquals, assertRejects } from "@std/assert";
import { SinkError } from "../../sinks/mod.ts";
import { soon } from "../conformance/_soon.ts";
import { IS_LONG, Random, sized } from "../crash/_form.ts";
import { Ledger } from "../crash/_ledger.ts";
import { reportRow } from "../crash/_report.ts";
import { eventually } from "./_eventually.ts";
import { Follower } from "./_follower.ts";
import { Load } from "./_load.ts";
import { eventOf, openLog, storedSeqs } from "./_log.ts";
import { postgresTest } from "./_postgres.ts";
import { whyNoPostgres } from "./_programs.ts";
import { PostgresServer } from "./_server.ts";

const lack = await whyNoPostgres();
/** Ends every connection of a sink, whatever it is at. */
const TERMINATE = "SELECT count(pg_terminate_backend(pid)) " +
  "FROM pg_stat_activity WHERE application_name = 'zu-backends'";
/** How many events are acknowledged before an outage, and behind it. */
const EVENTS_BETWEEN = 60;

/** What comes over a server, from which it comes back. */
const OUTAGES: Record<string, (server: PostgresServer) => Promise<void>> = {
  "its connections are ended": async (server) => {
    assert(Number(await server.psql(TERMINATE)) > 0);
  },
  "it is restarted": async (server) => {
    await server.stop("fast");
    await server.start();
  },
  "it is stopped at once, and started": async (server) => {
    await server.stop("immediate");
    await server.start();
  },
  "all of it is killed, and started": async (server) => {
    await server.kill();
    await server.start();
  },
};

postgresTest(
  "PostgresSink has all that it has acknowledged when its server fails under load and comes back, and its appends and streams go on",
  async () => {
    const random = Random.of("outages");
    await using server = await PostgresServer.start();
    await using first = await openLog(server.url());
    await using second = await openLog(server.url());
    const follower = new Follower(first);
    const ledger = new Ledger();
    const load = new Load([first, second], ledger, random);
    const outages = Object.entries(OUTAGES);
    for (let left = sized(1, 20) * outages.length; left > 0; left--) {
      // Each in turn in the short form, and any behind any other in the long one.
      const [what, befall] = IS_LONG
        ? random.pick(outages)
        : outages[left - 1]!;
      await load.more(random.int(1, EVENTS_BETWEEN));
      const before = ledger.size;
      await befall(server);
      await load.more(EVENTS_BETWEEN);
      reportRow(what, before, ledger.size);
    }
    await load.stop();
    await follower.endLike(await storedSeqs(server.url()));
    const { events } = await ledger.check(second, { isAtomic: true });
    assertEquals(events, ledger.size, "none was refused, and none is more");
  },
  { lack },
);

postgresTest(
  "PostgresSink says io during an outage if it may not wait, and goes on behind it",
  async () => {
    await using server = await PostgresServer.start();
    await using sink = await openLog(server.url(), { reconnectMs: 0 });
    await sink.append(eventOf(1));
    await server.kill();
    const event = eventOf(1);
    for (
      const call of [
        () => sink.append(event),
        () => sink.query(),
        () => sink.count(),
        () => Array.fromAsync(sink.stream()),
        () => Array.fromAsync(sink.audit()),
      ]
    ) {
      const error = await assertRejects(call, SinkError, "try again");
      assertEquals(error.code, "io");
    }
    await server.start();
    const { seq } = await sink.append(event);
    assertEquals((await sink.query()).map((stored) => stored.seq), [1, seq]);
  },
  { lack },
);

postgresTest(
  "PostgresSink gives up a server that hangs, and goes on when it does",
  async () => {
    await using server = await PostgresServer.start();
    const answerTimeoutMs = 600;
    const options = { answerTimeoutMs, connectTimeoutMs: 600 };
    await using patient = await openLog(server.url(), options);
    await using hasty = await openLog(server.url(), {
      ...options,
      reconnectMs: 0,
    });
    await patient.append(eventOf(1));
    await hasty.append(eventOf(1));
    const follower = new Follower(patient);
    await server.kill("SIGSTOP");
    const appended = patient.append(eventOf(1));
    const read = patient.query();
    for (const call of [() => hasty.append(eventOf(2)), () => hasty.count()]) {
      const error = await assertRejects(
        () => soon<unknown>("an error", call(), 10 * answerTimeoutMs),
        SinkError,
      );
      assertEquals(error.code, "io");
    }
    await server.kill("SIGCONT");
    const { seq } = await appended;
    assert((await read).length >= 2);
    const stored = await storedSeqs(server.url());
    assert(stored.includes(seq));
    await follower.endLike(stored);
    await patient.append(eventOf(1));
    // What hung on the server has ended as well: nothing is left of it.
    await eventually("an end of what hung", async () => {
      const locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
      return await server.psql(locks) === "0";
    });
    await new Ledger().check(hasty, { isAtomic: true });
  },
  { lack },
);
