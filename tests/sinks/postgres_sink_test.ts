import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AesGcmCodec,
  IdentityCodec,
  ManagedAesGcmCodec,
} from "../../codec/mod.ts";
import {
  type Event,
  serializeEvent,
  SinkError,
  type SinkErrorCode,
  SqliteSink,
  verifyLog,
} from "../../sinks/mod.ts";
import {
  PostgresSink,
  type PostgresSinkOptions,
} from "../../sinks/postgres_sink.ts";
import { postgresTest, withDatabase } from "../postgres/_postgres.ts";
import { ask } from "../postgres/_programs.ts";
import { sample, samples } from "../conformance/event_sink/samples.ts";

const KEY = new Uint8Array(32).fill(7);

async function assertCode(
  code: SinkErrorCode,
  fn: () => Promise<unknown>,
): Promise<SinkError> {
  const error = await assertRejects(fn, SinkError);
  assertEquals(error.code, code, error.message);
  return error;
}

/** Opens a log in a database of the test's own, and has it used. */
async function withLog(
  options: PostgresSinkOptions,
  use: (sink: PostgresSink, url: string) => Promise<void>,
): Promise<void> {
  await withDatabase(async (url) => {
    await using sink = await PostgresSink.open(url, options);
    await use(sink, url);
  });
}

const OUT_OF_BOUNDS: PostgresSinkOptions[] = [
  { connections: 0 },
  { connections: 65 },
  { connectTimeoutMs: 99 },
  { answerTimeoutMs: Infinity },
  { reconnectMs: -1 },
  { queueMax: 0 },
  { eventBytesMax: 2 ** 28 },
  { codecTimeoutMs: 0 },
  { headsMax: 1.5 },
  { followPollMs: 9 },
  { durability: "off" as "on" },
  { schema: "" },
  { schema: "pg_catalog" },
  { schema: "a\0b" },
  { schema: "x".repeat(64) },
  { ctxFields: ["x".repeat(257)] },
  { ctxFields: ["trace_id"] },
];

for (const options of OUT_OF_BOUNDS) {
  const [name] = Object.keys(options);
  Deno.test(`PostgresSink.open refuses ${Deno.inspect(options).slice(0, 60)}`, async () => {
    await assertRejects(
      () => PostgresSink.open("postgres://127.0.0.1:1/none", options),
      RangeError,
      name,
    );
  });
}

for (const address of ["", "mysql://host/db", 5, null]) {
  Deno.test(`PostgresSink.open refuses the address ${Deno.inspect(address)}`, async () => {
    await assertRejects(
      () => PostgresSink.open(address as string),
      TypeError,
      "postgres://",
    );
  });
}

Deno.test("PostgresSink.open says io where nobody listens, at once", async () => {
  // Nothing listens on the first port.
  await assertCode(
    "io",
    () => PostgresSink.open("postgres://u@127.0.0.1:1/db"),
  );
});

postgresTest(
  "PostgresSink tells what runs, and how durable an acknowledgement is",
  async () => {
    await withLog({ schema: 'a "quoted" schema' }, async (sink) => {
      assertEquals([sink.name, sink.schema], ["postgres", 'a "quoted" schema']);
      assert(/^\d+\.\d+/.test(sink.serverVersion), sink.serverVersion);
      const durability = { synchronousCommit: "on", synchronousStandbys: "" };
      assertEquals(sink.durability, durability);
      await sink.append(sample());
      assertEquals(sink.durability, durability);
    });
  },
);

postgresTest(
  "PostgresSink commits with on though the server's default is off",
  async () => {
    await withDatabase(async (url) => {
      const name = new URL(url).pathname.slice(1);
      await ask(url, `ALTER DATABASE ${name} SET synchronous_commit = off`);
      await using sink = await PostgresSink.open(url);
      await sink.append(sample());
      assertEquals(sink.durability.synchronousCommit, "on");
    });
  },
);

postgresTest(
  "PostgresSink.open refuses remote_apply where there is no standby",
  async () => {
    await withDatabase(async (url) => {
      await assertCode(
        "not_durable",
        () => PostgresSink.open(url, { durability: "remote_apply" }),
      );
    });
  },
);

postgresTest(
  "PostgresSink.open refuses a schema with other tables, a later log, and none to read",
  async () => {
    await withDatabase(async (url) => {
      await ask(url, "CREATE SCHEMA other; CREATE TABLE other.events (n int)");
      await assertCode(
        "not_a_log",
        () => PostgresSink.open(url, { schema: "other" }),
      );
      await assertCode(
        "not_a_log",
        () => PostgresSink.open(url, { readOnly: true }),
      );
      await (await PostgresSink.open(url)).close();
      await ask(url, "UPDATE zu.zu_log SET version = 99");
      await assertCode("not_a_log", () => PostgresSink.open(url));
    });
  },
);

postgresTest(
  "PostgresSink.open refuses a database of another encoding",
  async () => {
    await withDatabase(async (url) => {
      const other = `latin_${crypto.randomUUID().replaceAll("-", "")}`;
      await ask(
        url,
        `CREATE DATABASE ${other} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`,
      );
      try {
        const there = new URL(url);
        there.pathname = `/${other}`;
        const error = await assertCode(
          "not_a_log",
          () => PostgresSink.open(there.href),
        );
        assert(error.message.includes("UTF8"), error.message);
      } finally {
        await ask(url, `DROP DATABASE ${other} WITH (FORCE)`);
      }
    });
  },
);

postgresTest(
  "PostgresSink.open makes one log, however many open it at once",
  async () => {
    await withDatabase(async (url) => {
      const sinks = await Promise.all(
        Array.from({ length: 5 }, () => PostgresSink.open(url)),
      );
      await Promise.all(sinks.map((sink) => sink.append(sample())));
      assertEquals(await sinks[0]!.count(), 5);
      assertEquals(await ask(url, "SELECT count(*) FROM zu.zu_log"), "1");
      for (const sink of sinks) await sink.close();
    });
  },
);

postgresTest(
  "PostgresSink stores the blobs and columns of the SQLite file",
  async () => {
    await withLog({ codec: new IdentityCodec() }, async (sink, url) => {
      await using file = await SqliteSink.open(":memory:", {
        driver: "builtin",
      });
      const events = samples(20);
      await sink.appendAll(events);
      await file.appendAll(events);
      const texts = (await file.query()).map(({ event }) =>
        serializeEvent(event)
      );
      const stored = await ask(
        url,
        "SELECT string_agg(encode(data, 'hex'), ',' ORDER BY seq) FROM zu.events",
      );
      const encoder = new TextEncoder();
      assertEquals(
        stored.split(","),
        texts.map((text) => `00${encoder.encode(text).toHex()}`),
      );
      const columns = await ask(
        url,
        "SELECT event_id, trace_id, task_id, parent_id IS NULL, type, source " +
          "FROM zu.events WHERE seq = 1",
      );
      const { event_id, trace_id, task_id, type, source } = events[0]!;
      const isNull = events[0]!.parent_id === null ? "t" : "f";
      assertEquals(
        columns,
        [event_id, trace_id, task_id, isNull, type, source].join("|"),
      );
    });
  },
);

postgresTest(
  "PostgresSink binds an encrypted row to its columns, NUL and all",
  async () => {
    const codec = new ManagedAesGcmCodec({
      currentKeyId: "k1",
      key: () => KEY,
    });
    await withLog({ codec }, async (sink, url) => {
      const source = "a\0b\0";
      const stored = await sink.append(sample({ source }));
      assertEquals(await sink.query({ source }), [stored]);
      assertEquals(await sink.count({ source: "a" }), 0);
      await ask(url, "UPDATE zu.events SET source = 'other'");
      await assertCode("corrupt_row", () => sink.query());
    });
  },
);

postgresTest(
  "PostgresSink stores types, sources and ctx values that no index could take whole",
  async () => {
    const long = "x".repeat(20_000);
    await withLog({ ctxFields: ["note"] }, async (sink) => {
      const of = (end: string): Event =>
        sample({
          type: `data.${long}${end}`,
          source: long + end,
          payload: { ctx: { note: long + end } },
        });
      const [a, b] = [await sink.append(of("a")), await sink.append(of("b"))];
      assertEquals(await sink.query({ type: a.event.type }), [a]);
      assertEquals(await sink.query({ source: long + "b" }), [b]);
      assertEquals(await sink.query({ note: long + "a" }), [a]);
    });
  },
);

postgresTest(
  "PostgresSink goes on numbering where an append was refused, without a gap",
  async () => {
    await withLog({}, async (sink) => {
      const [first, second] = samples(2);
      await sink.append(first!);
      await assertCode(
        "duplicate_id",
        () =>
          sink.append(sample({ event_id: first!.event_id, source: "other" })),
      );
      assertEquals((await sink.append(first!)).seq, 1);
      assertEquals((await sink.append(second!)).seq, 2);
    });
  },
);

postgresTest(
  "PostgresSink appends a batch of more traces than are locked one by one",
  async () => {
    await withLog({}, async (sink) => {
      const events = Array.from(
        { length: 500 },
        () => sample({ trace_id: crypto.randomUUID() }),
      );
      const others = samples(50);
      await Promise.all([
        sink.appendAll(events),
        ...others.map((event) => sink.append(event)),
      ]);
      const report = await verifyLog(sink);
      assertEquals([report.events, report.violations], [550, []]);
    });
  },
);

postgresTest(
  "PostgresSink refuses an event that is too large, and stores those beside it",
  async () => {
    await withLog({ eventBytesMax: 2000 }, async (sink) => {
      const large = sample({ payload: { text: "x".repeat(2000) } });
      const [, refused] = await Promise.allSettled([
        sink.append(sample()),
        sink.append(large),
        sink.append(sample()),
      ]);
      assertEquals(refused.status, "rejected");
      assertEquals(await sink.count(), 2);
    });
  },
);

postgresTest(
  "PostgresSink reads what several codecs have written, and names what none can read",
  async () => {
    await withDatabase(async (url) => {
      const codecs = [
        new IdentityCodec(),
        new AesGcmCodec(KEY),
        new ManagedAesGcmCodec({ currentKeyId: "k1", key: () => KEY }),
      ];
      for (const codec of codecs) {
        await using sink = await PostgresSink.open(url, {
          codec,
          readers: codecs,
        });
        await sink.append(sample());
      }
      await using reader = await PostgresSink.open(url, { readers: codecs });
      assertEquals(await reader.count(), 3);
      assertEquals((await reader.query()).length, 3);
      await using blind = await PostgresSink.open(url);
      const error = await assertCode("corrupt_row", () => blind.query());
      assertEquals(error.seq, 2);
      await assertCode("corrupt_row", () => blind.append(sample()));
    });
  },
);

postgresTest(
  "PostgresSink fails reads that are under way with closed when it is closed",
  async () => {
    await withDatabase(async (url) => {
      const sink = await PostgresSink.open(url);
      await sink.appendAll(samples(2000));
      const reading = Array.fromAsync(sink.stream({}, { batchSize: 10 }));
      const outcome = reading.then(() => "read", (error) => error.code);
      await sink.close();
      assertEquals(await outcome, "closed");
    });
  },
);

postgresTest(
  "lessons 7 and 9: verifyLog finds every edit of a row, a column or the side index in PostgreSQL",
  async () => {
    await withLog({ ctxFields: ["tool"] }, async (sink, url) => {
      const events = Array.from(
        { length: 12 },
        (_, n) => sample({ payload: { n, ctx: { tool: `t${n}` } } }),
      );
      await sink.appendAll(events);
      const clean = await verifyLog(sink);
      assertEquals([clean.events, clean.violations], [12, []]);
      const edits: Record<string, string> = {
        column_mismatch: "UPDATE zu.events SET source = 'x' WHERE seq = 3",
        index_mismatch: "UPDATE zu.event_index SET value = 'x' WHERE seq = 4",
        orphan_index:
          "INSERT INTO zu.event_index VALUES ('gone', 'tool', 'x', 99)",
        undecodable: "UPDATE zu.events SET data = '\\x00ff' WHERE seq = 6",
      };
      for (const sql of Object.values(edits)) await ask(url, sql);
      const { violations } = await verifyLog(sink);
      const found = new Set(violations.map(({ code }) => code as string));
      assert(found.has("column_mismatch"), [...found].join());
      assert(found.has("orphan_index"), [...found].join());
      const seqs = new Set(violations.map(({ seq }) => seq));
      for (const seq of [3, 4, 6]) assert(seqs.has(seq), `seq ${seq} is found`);
    });
  },
);

postgresTest(
  "PostgresSink forks no trace where the server has gone back, and the places came again",
  async () => {
    await withLog({}, async (sink, url) => {
      const [first, lost, other, next] = samples(4);
      await sink.append(first!);
      await sink.append(lost!);
      // As after a failover to a standby that did not have the second commit.
      await ask(
        url,
        "DELETE FROM zu.events WHERE seq = 2; SELECT setval('zu.events_seq', 1)",
      );
      {
        await using another = await PostgresSink.open(url);
        assertEquals((await another.append(other!)).seq, 2);
      }
      const stored = await sink.append(next!);
      assertEquals(stored.seq, 3);
      assertEquals((await verifyLog(sink)).violations, []);
    });
  },
);
