import { assert, assertEquals, assertRejects } from "@std/assert";
import { SinkError } from "../../sinks/mod.ts";
import { PostgresSink } from "../../sinks/postgres_sink.ts";
import { Random, sized } from "../crash/_form.ts";
import { Ledger } from "../crash/_ledger.ts";
import { reportRow } from "../crash/_report.ts";
import { Follower } from "./_follower.ts";
import { Load } from "./_load.ts";
import { assertSound, eventOf, openLog, storedSeqs } from "./_log.ts";
import { Pair } from "./_pair.ts";
import { postgresTest } from "./_postgres.ts";
import { whyNoPostgres } from "./_programs.ts";
import { PostgresServer } from "./_server.ts";

const lack = await whyNoPostgres();
const EVENTS_BETWEEN = 60;

postgresTest(
  "PostgresSink finds the new primary when the old one is killed under load, with all that was acknowledged",
  async () => {
    const random = Random.of("failover");
    for (let left = sized(1, 8); left > 0; left--) {
      await using pair = await Pair.start();
      const { primary, standby, url } = pair;
      // A standby by itself is none that a log can be read from.
      const error = await assertRejects(
        () => openLog(standby.url()),
        SinkError,
        "connect to the primary",
      );
      assertEquals(error.code, "read_only");
      await using first = await openLog(url);
      await using second = await openLog(url);
      assertEquals(first.durability, {
        synchronousCommit: "on",
        synchronousStandbys: standby.name,
      });
      const follower = new Follower(second);
      const ledger = new Ledger();
      const load = new Load([first, second], ledger, random);
      await load.more(random.int(1, EVENTS_BETWEEN));
      await primary.kill();
      const before = ledger.size;
      await standby.promote();
      await load.more(EVENTS_BETWEEN);
      await load.stop();
      assertEquals(first.durability.synchronousStandbys, "");
      await follower.endLike(await storedSeqs(standby.url()));
      const { events } = await ledger.check(first, { isAtomic: true });
      assertEquals(events, ledger.size, "none was refused, and none is more");
      reportRow("failover", before, ledger.size, events);
    }
  },
  { lack },
);

postgresTest(
  "PostgresSink acknowledges no commit whose wait for the standby was ended, before the standby has it",
  async () => {
    await using pair = await Pair.start();
    const { primary, standby } = pair;
    // What the server says of that is for nobody, if it is asked for nothing.
    await primary.psql("ALTER ROLE postgres SET client_min_messages = error");
    await using sink = await openLog(pair.url, { answerTimeoutMs: 20_000 });
    const events = 1 + (await sink.append(eventOf(1))).seq;
    await standby.kill("SIGSTOP");
    let isAcknowledged = false;
    const appended = sink.append(eventOf(1)).then((stored) => {
      isAcknowledged = true;
      return stored;
    });
    // First that of the append, then those of looking whether it is stored.
    let waiting = await pair.waiting();
    for (const end of ["cancel", "cancel", "terminate", "restart"]) {
      if (end === "restart") {
        await primary.stop("immediate");
        await primary.start();
      } else {
        await primary.psql(`SELECT pg_${end}_backend(${waiting.pid})`);
      }
      waiting = await pair.waiting(waiting);
    }
    // It is there for all to see, and still not acknowledged.
    assertEquals((await storedSeqs(primary.url())).length, events);
    assertEquals(isAcknowledged, false);
    await standby.kill("SIGCONT");
    const { seq, event } = await appended;
    await primary.kill();
    await standby.promote();
    const [found] = await sink.query({ event_id: event.event_id });
    assertEquals(found!.seq, seq);
    await assertSound(sink, events);
  },
  { lack },
);

postgresTest(
  "PostgresSink says how durable an event is that it finds stored",
  async () => {
    await using pair = await Pair.start();
    await using sink = await openLog(pair.url);
    const event = eventOf(1);
    const stored = await sink.append(event);
    for (const isWaitedFor of [false, true]) {
      await pair.isWaitedFor(isWaitedFor);
      assertEquals(await sink.append(event), stored);
      assertEquals(
        sink.durability.synchronousStandbys,
        isWaitedFor ? pair.standby.name : "",
      );
    }
  },
  { lack },
);

postgresTest(
  'PostgresSink with durability "remote_apply" acknowledges what the standby shows, and refuses to append without one',
  async () => {
    await using pair = await Pair.start();
    const { primary, standby } = pair;
    const durability = "remote_apply";
    await using sink = await openLog(pair.url, { durability });
    assertEquals(sink.durability, {
      synchronousCommit: durability,
      synchronousStandbys: standby.name,
    });
    for (const seq of [1, 2, 3]) {
      await sink.append(eventOf(1));
      assertEquals((await storedSeqs(standby.url())).at(-1), seq);
    }
    assertEquals(sink.durability.synchronousCommit, durability);

    await pair.isWaitedFor(false);
    const refused = [
      () => sink.append(eventOf(1)),
      () => openLog(primary.url(), { durability }),
    ];
    for (const call of refused) {
      const error = await assertRejects(call, SinkError);
      assertEquals(error.code, "not_durable", error.message);
    }
    await pair.isWaitedFor(true);
    await sink.append(eventOf(1));
    await assertSound(sink, 4);
  },
  { lack },
);

postgresTest(
  "PostgresSink.open refuses a server that could lose what it acknowledges, and finds one that does not among several",
  async () => {
    await using server = await PostgresServer.start();
    for (const setting of ["fsync", "full_page_writes"]) {
      await server.configure({ [setting]: "off" });
      const error = await assertRejects(() => openLog(server.url()), SinkError);
      assertEquals(error.code, "not_durable");
      assert(error.message.includes(`set ${setting} to on`), error.message);
      await server.configure({ [setting]: "on" });
    }
    const { folder, port } = server;
    const parts = { user: "postgres", database: "postgres" };
    // Nothing listens on the first port, or at the first socket.
    const addresses = [
      { ...parts, host: "127.0.0.1", port: [1, port] },
      { ...parts, host: ["127.0.0.1", "localhost"], port: [1, port] },
      { ...parts, host: `${folder}/none,${folder}`, port },
      server.url().replace("@", "@127.0.0.1:1,"),
      server.url().replace("127.0.0.1", encodeURIComponent(folder)),
    ];
    for (const address of addresses) {
      await using sink = await PostgresSink.open(address);
      await sink.append(eventOf(1));
    }
    assertEquals((await storedSeqs(server.url())).length, addresses.length);
  },
  { lack },
);
