import { assert, assertEquals, assertRejects } from "@std/assert";
import { AesGcmCodec, IdentityCodec } from "../../../codec/mod.ts";
import {
  type Event,
  type PayloadCodec,
  SqliteSink,
} from "../../../sinks/mod.ts";
import {
  assertHolds,
  KEY,
  numbers,
  rejectsWith,
  sample,
  samples,
  soon,
  upTo,
  withFolder,
  withRaw,
  withSink,
} from "./_helpers.ts";

const BUILTIN = { driver: "builtin" } as const;

Deno.test("Appender commits what is appended in one turn together", async () => {
  await withSink(BUILTIN, async (sink, log) => {
    await sink.append(sample(1));
    // data_version grows with each commit of another connection.
    const version = "PRAGMA data_version";
    const { DatabaseSync } = await import("node:sqlite");
    const observer = new DatabaseSync(log, { readOnly: true });
    try {
      const look = () => Number(observer.prepare(version).get()!.data_version);
      const before = look();
      const stored = await Promise.all(
        samples(100, 2).map((event) => sink.append(event)),
      );
      assertEquals(look() - before, 1, "commits");
      assertEquals(stored.map(({ seq }) => seq), upTo(101).slice(1));
    } finally {
      observer.close();
    }
    await assertHolds(sink, upTo(101));
  });
});

Deno.test("Appender keeps the order of calls over many groups", async () => {
  await using sink = await SqliteSink.open(":memory:", BUILTIN);
  const stored = await Promise.all(
    samples(2000).map((event) => sink.append(event)),
  );
  assertEquals(numbers(stored), upTo(2000));
  assertEquals(stored.map(({ seq }) => seq), upTo(2000));
  await assertHolds(sink, upTo(2000));
});

Deno.test("Appender stores the neighbours of an event that is too large", async () => {
  for (const codec of [new IdentityCodec(), new AesGcmCodec(KEY)]) {
    const options = { ...BUILTIN, codec, eventBytesMax: 2048 };
    await using sink = await SqliteSink.open(":memory:", options);
    const large = sample(2, { payload: { text: "x".repeat(4096) } });
    const [left, middle, right] = await Promise.allSettled(
      [sample(1), large, sample(3)].map((event) => sink.append(event)),
    );
    assertEquals([left?.status, right?.status], ["fulfilled", "fulfilled"]);
    assert(middle?.status === "rejected");
    assertEquals(middle.reason.code, "invalid_event");
    assertEquals(middle.reason.event_id, large.event_id);
    await rejectsWith(sink.appendAll([sample(4), large]), "invalid_event");
    await assertHolds(sink, [1, 3]);
  }
});

Deno.test("Appender stores the neighbours of an event that the codec refuses", async () => {
  const plain = new IdentityCodec();
  const refused = new RangeError("not this one");
  const codec: PayloadCodec = {
    version: 77,
    encodeBody(text, aad) {
      if (text.includes('"n":2}')) throw refused;
      return plain.encodeBody(text, aad);
    },
    decodeBody: (body, aad) => plain.decodeBody(body, aad),
  };
  await using sink = await SqliteSink.open(":memory:", { ...BUILTIN, codec });
  const results = await Promise.allSettled(
    samples(3).map((event) => sink.append(event)),
  );
  assertEquals(results.map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  const { reason } = results[1] as PromiseRejectedResult;
  assertEquals([reason.code, reason.cause], ["io", refused]);
  await assertHolds(sink, [1, 3]);
});

Deno.test("Appender stores the neighbours of an event whose id has a broken row", async () => {
  await withFolder(async (log) => {
    {
      await using sink = await SqliteSink.open(log, BUILTIN);
      await sink.appendAll(samples(2));
    }
    withRaw(
      log,
      (db) => db.exec("UPDATE events SET data = x'007b' WHERE seq = 1"),
    );
    await using sink = await SqliteSink.open(log, {
      ...BUILTIN,
      onCorrupt: () => {},
    });
    const [repeat, fresh] = await Promise.allSettled([
      sink.append(sample(1)),
      sink.append(sample(3)),
    ]);
    assert(repeat?.status === "rejected");
    assertEquals(repeat.reason.code, "corrupt_row");
    assertEquals([repeat.reason.seq, repeat.reason.event_id], [
      1,
      sample(1).event_id,
    ]);
    assertEquals(fresh?.status, "fulfilled");
    assertEquals(numbers(await sink.query()), [2, 3]);
  });
});

Deno.test("Appender refuses more than queueMax with overloaded, and takes more later", async () => {
  await using sink = await SqliteSink.open(":memory:", {
    ...BUILTIN,
    queueMax: 4,
  });
  const taken = samples(4).map((event) => sink.append(event));
  await rejectsWith(sink.append(sample(5)), "overloaded", "queueMax is 4");
  await Promise.all(taken);
  await sink.append(sample(5));
  await assertHolds(sink, upTo(5));
});

Deno.test("Appender takes a batch beyond queueMax where nothing waits", async () => {
  await using sink = await SqliteSink.open(":memory:", {
    ...BUILTIN,
    queueMax: 4,
  });
  await sink.appendAll(samples(10));
  await assertHolds(sink, upTo(10));
});

Deno.test("Appender stores what was accepted before close, and refuses the rest", async () => {
  await withFolder(async (log) => {
    const sink = await SqliteSink.open(log, BUILTIN);
    const accepted = samples(1500).map((event) => sink.append(event));
    const closed = sink.close();
    await rejectsWith(sink.append(sample(9999)), "closed");
    await soon("close", closed);
    assertEquals(numbers(await Promise.all(accepted)), upTo(1500));
    await using again = await SqliteSink.open(log, BUILTIN);
    await assertHolds(again, upTo(1500));
  });
});

Deno.test("Appender rejects a group that does not fit on the disk, and goes on", async () => {
  await withFolder(async (log) => {
    {
      await using sink = await SqliteSink.open(log, BUILTIN);
      await sink.append(sample(1));
    }
    // The page limit belongs to a connection, so a trigger stands for the disk.
    withRaw(log, (db) =>
      db.exec(
        `CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.source = 'large'
         BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`,
      ));
    await using sink = await SqliteSink.open(log, BUILTIN);
    const batch: Event[] = [sample(2), sample(3, { source: "large" })];
    const error = await rejectsWith(sink.appendAll(batch), "io", "is full");
    assert(!error.message.includes("other writers"));
    await sink.append(sample(4));
    await assertHolds(sink, [1, 4]);
  });
});

Deno.test("lesson 15: Appender stores an event as it was when it was appended", async () => {
  await using sink = await SqliteSink.open(":memory:", BUILTIN);
  const payload = { step: "first" };
  const mine = { ...sample(1), payload };
  const appended = sink.append(mine as Event);
  payload.step = "changed";
  assertEquals((await appended).event.payload, { step: "first" });
  await assertHolds(sink, [1]);
});

Deno.test("lesson 10: Appender refuses a made-up hash, and stores its neighbours", async () => {
  await using sink = await SqliteSink.open(":memory:", BUILTIN);
  const madeUp = { ...sample(2), hash: "0".repeat(64) };
  const [left, middle, right] = [
    sink.append(sample(1)),
    assertRejects(() => sink.append(madeUp)),
    sink.append(sample(3)),
  ];
  assertEquals((await middle as { code?: string }).code, "broken_link");
  await Promise.all([left, right]);
  await assertHolds(sink, [1, 3]);
});
