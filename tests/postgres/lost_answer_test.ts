import { assert, assertEquals } from "@std/assert";
import postgres from "postgres";
import { serializeEvent, type StoredEvent } from "../../sinks/mod.ts";
import type { PostgresSink } from "../../sinks/postgres_sink.ts";
import { soon } from "../conformance/_soon.ts";
import { sized } from "../crash/_form.ts";
import { eventually } from "./_eventually.ts";
import { assertSound, eventOf, openLog, seqsOf, storedSeqs } from "./_log.ts";
import { Follower } from "./_follower.ts";
import { postgresTest } from "./_postgres.ts";
import { ask, whyNoPostgres } from "./_programs.ts";
import { type Fate, PgProxy, type ServerMessage } from "./_proxy.ts";
import { PostgresServer } from "./_server.ts";

/** What is tried again is done by then. */
const PATIENCE_MS = 10_000;
const lack = await whyNoPostgres();
const READY = "Z";
/** What is behind a READY outside of a transaction. */
const IDLE = "I";

interface Given {
  readonly url: string;
  readonly proxy: PgProxy;
  readonly sink: PostgresSink;
}

/** Runs a test with a sink that reaches its server through a proxy. */
function proxyTest(name: string, fn: (given: Given) => Promise<void>): void {
  postgresTest(name, async () => {
    await using server = await PostgresServer.start();
    await using proxy = new PgProxy(server.port);
    await using sink = await openLog(proxy.url());
    await fn({ url: server.url(), proxy, sink });
    proxy.rule = () => "pass";
  }, { lack });
}

/** Looks for what ends the answer to the commit of an append. */
class Commits {
  readonly #drawn = new Set<number>();

  /** Whether a message is that. The append begins to answer with its places. */
  endWith({ type, text, connection }: ServerMessage): boolean {
    if (type === "N" && text.includes("zu.drawn")) this.#drawn.add(connection);
    const isEnd = type === READY && text === IDLE;
    return isEnd && this.#drawn.delete(connection);
  }
}

/** Has the answer to the next commit lost, once the server has committed. */
function loseNextAnswer(proxy: PgProxy): () => number {
  const commits = new Commits();
  let lost = 0;
  proxy.rule = (message) => {
    if (lost > 0 || !commits.endWith(message)) return "pass";
    lost++;
    return "cut";
  };
  return () => lost;
}

/** Asserts that the log has an event as it was acknowledged, and nothing else new. */
async function assertStored(
  url: string,
  { seq, event }: StoredEvent,
): Promise<void> {
  const id = event.event_id;
  const sql = `SELECT seq, substring(data FROM 2) = convert_to('${
    serializeEvent(event).replaceAll("'", "''")
  }', 'UTF8') FROM zu.events WHERE event_id = '${id}'`;
  assertEquals(await ask(url, sql), `${seq}|t`);
}

proxyTest(
  "PostgresSink resolves with the stored place when the answer to a commit is lost",
  async ({ url, proxy, sink }) => {
    const first = await sink.append(eventOf(1));
    for (const trace of [1, 1, 2]) {
      const lost = loseNextAnswer(proxy);
      const event = eventOf(trace);
      const stored = await soon("an append", sink.append(event), PATIENCE_MS);
      assertEquals(lost(), 1);
      assertEquals(stored.event.event_id, event.event_id);
      await assertStored(url, stored);
    }
    // So does the way behind a lock, which an append takes that is there already.
    const lost = loseNextAnswer(proxy);
    const both = await soon(
      "appends",
      sink.appendAll([first.event, eventOf(1)]),
      PATIENCE_MS,
    );
    assertEquals(lost(), 1);
    assertEquals(both[0], first);
    await assertStored(url, both[1]!);
    await assertSound(sink, 5);
    assertEquals((await storedSeqs(url)).length, 5);
  },
);

proxyTest(
  "PostgresSink tells others of an append whose answer was lost",
  async ({ url, proxy, sink }) => {
    const listener = postgres(url, { max: 1, fetch_types: false });
    try {
      const lockClass = await ask(url, "SELECT lock_class FROM zu.zu_log");
      let told = 0;
      await listener.listen(`zu_${lockClass}`, () => told++);
      await sink.append(eventOf(1));
      await eventually("word of an append", () => told === 1);
      const lost = loseNextAnswer(proxy);
      await sink.append(eventOf(1));
      assertEquals(lost(), 1);
      await eventually("word of what was found", () => told === 2);
    } finally {
      await listener.end();
    }
  },
);

proxyTest(
  "PostgresSink acknowledges nothing before the server has answered the commit",
  async ({ url, proxy, sink }) => {
    await sink.append(eventOf(1));
    const commits = new Commits();
    const isKept = Promise.withResolvers<void>();
    const letGo = Promise.withResolvers<void>();
    proxy.rule = async (message): Promise<Fate> => {
      if (commits.endWith(message)) {
        isKept.resolve();
        await letGo.promise;
      }
      return "pass";
    };
    let isAcknowledged = false;
    const appended = sink.append(eventOf(1)).then(() => isAcknowledged = true);
    await isKept.promise;
    // All but the last message is there, and more than that has come and gone since.
    assertEquals(await storedSeqs(url), [1, 2]);
    assertEquals(isAcknowledged, false);
    letGo.resolve();
    await appended;
  },
);

/** Cuts the connection at the nth message from now on. */
function cutAt(proxy: PgProxy, nth: number): () => boolean {
  let count = 0;
  proxy.rule = () => ++count === nth ? "cut" : "pass";
  return () => count >= nth;
}

/**
 * Does something over and over, cut at each message of the server in turn.
 *
 * @returns How many messages there are, at least.
 */
async function atEachMessage(
  proxy: PgProxy,
  work: () => Promise<void>,
  step = 1,
): Promise<number> {
  for (let nth = 1;; nth += step) {
    const wasCut = cutAt(proxy, nth);
    await soon(`what is cut at message ${nth}`, work(), PATIENCE_MS);
    if (!wasCut()) return nth - step;
  }
}

proxyTest(
  "PostgresSink stores an append once, wherever among the server's messages the connection is cut",
  async ({ url, proxy, sink }) => {
    const first = await sink.append(eventOf(1));
    let events = 1;
    const quick = await atEachMessage(proxy, async () => {
      const stored = await sink.append(eventOf(1));
      events++;
      await assertStored(url, stored);
    });
    const careful = await atEachMessage(proxy, async () => {
      const [again, stored] = await sink.appendAll([first.event, eventOf(2)]);
      events++;
      assertEquals(again, first);
      await assertStored(url, stored!);
    });
    assert(quick > 3 && careful > 15, `${quick}, ${careful}`);
    proxy.rule = () => "pass";
    await assertSound(sink, events);
  },
);

proxyTest(
  "PostgresSink reads on, without loss or repetition, wherever the connection is cut",
  async ({ url, proxy, sink }) => {
    const events = Array.from({ length: 300 }, (_, n) => eventOf(n % 5));
    await sink.appendAll(events);
    const stored = await storedSeqs(url);
    await using reader = await openLog(proxy.url());
    const reads = [
      async () => seqsOf(await reader.query()),
      async () => seqsOf(await Array.fromAsync(reader.stream())),
      async () => {
        const rows = await Array.fromAsync(reader.audit({ batchSize: 1000 }));
        return rows.flat().map(({ seq }) => seq);
      },
    ];
    for (const read of reads) {
      const cuts = await atEachMessage(proxy, async () => {
        assertEquals(await read(), stored);
      }, sized(3, 1));
      assert(cuts > 5, `${cuts}`);
    }
    const follower = new Follower(reader);
    for (let nth = 1; nth <= 30; nth += sized(3, 1)) {
      cutAt(proxy, nth);
      stored.push((await sink.append(eventOf(1))).seq);
    }
    await follower.endLike(stored);
  },
);

proxyTest(
  "PostgresSink lets others append soon when its machine is gone amid a transaction",
  async ({ url, proxy }) => {
    const answerTimeoutMs = 1_000;
    await using gone = await openLog(proxy.url(), {
      answerTimeoutMs,
      reconnectMs: 0,
    });
    await using sink = await openLog(url);
    const stored = await sink.append(eventOf(1));
    // The transaction has locked the trace and drawn a place; its COMMIT never comes.
    const isOpen = Promise.withResolvers<void>();
    proxy.hidesClosing = true;
    let drawn = 0;
    proxy.rule = ({ type, text, connection }) => {
      if (type === "N" && text.includes("zu.drawn")) drawn = connection;
      if (connection !== drawn) return "pass";
      if (type === READY) isOpen.resolve();
      return "swallow";
    };
    const lost = gone.appendAll([stored.event, eventOf(1)]).catch((error) =>
      error
    );
    await isOpen.promise;
    const next = await soon("an append", sink.append(eventOf(1)), PATIENCE_MS);
    assertEquals(seqsOf(await sink.query()), [1, next.seq]);
    assertEquals((await lost).code, "io");
    proxy.hidesClosing = false;
  },
);
