import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parseEvent, SinkError, verifyLog } from "../../sinks/mod.ts";
import { type FsyncPolicy, JsonlSink } from "../../sinks/jsonl_sink.ts";
import {
  assertHolds,
  errno,
  gate,
  lines,
  names,
  numbers,
  rejectsWith,
  sample,
  samples,
  upTo,
  uuid,
  watchedOps,
  withFolder,
} from "./jsonl/_helpers.ts";

Deno.test("JsonlSink refuses options that are out of bounds, and paths that are none", () => {
  const wrong = [
    { maxBytes: 0 },
    { maxBytes: 1.5 },
    { maxBytes: NaN },
    { rememberedParts: -1 },
    { rememberedParts: 65 },
    { queueMax: 0 },
    { queueMax: 1_000_001 },
    { eventBytesMax: 1023 },
    { eventBytesMax: 2 ** 27 + 1 },
    { fsync: "sometimes" as FsyncPolicy },
    { ctxFields: [""] },
  ];
  for (const options of wrong) {
    assertThrows(() => new JsonlSink("log.jsonl", options), RangeError);
  }
  assertThrows(() => new JsonlSink(""), TypeError, "no file name");
  assertThrows(() => new JsonlSink(7 as unknown as string), TypeError);
});

Deno.test("JsonlSink leaves nothing on disk when it is closed unused, and refuses use after that", async () => {
  await withFolder(async (folder, log) => {
    const sink = new JsonlSink(log);
    await sink.close();
    await sink.close();
    assertEquals(names(folder), []);
    await rejectsWith(sink.open(), "closed");
    await rejectsWith(Array.fromAsync(sink.audit()), "closed");
    assertEquals(names(folder), []);
  });
});

Deno.test("JsonlSink says that the folder is not there", async () => {
  await withFolder(async (folder) => {
    await using sink = new JsonlSink(`${folder}/missing/run.jsonl`);
    const error = await rejectsWith(sink.append(sample(1)), "io", "missing");
    assert(error.cause instanceof Deno.errors.NotFound);
  });
});

Deno.test("JsonlSink writes exactly the stored text of each event, a line each", async () => {
  await withFolder(async (_folder, log) => {
    await using sink = new JsonlSink(log);
    const text = '{"event_id":"00000000-0000-4000-8000-000000000001",' +
      '"trace_id":"00000000-0000-4000-8000-000000000002",' +
      '"task_id":"00000000-0000-4000-8000-000000000003",' +
      '"parent_id":null,"type":"data.price","ts":"2024-01-02T03:04:05Z",' +
      '"source":"","payload":{"b":1.0,"a":"☕\\n"},"schema_version":1';
    const { event } = await sink.append(parseEvent(`${text}}`));
    assertEquals(
      await Deno.readTextFile(log),
      `${text},"prev_hash":null,"hash":"${event.hash}","sig":null}\n`,
    );
  });
});

Deno.test("lesson 18: JsonlSink stores what was accepted before it closes", async () => {
  for (const fsync of ["always", "batch", "never"] as const) {
    await withFolder(async (_folder, log) => {
      const sink = new JsonlSink(log, { fsync });
      const appended = samples(200).map((event) => sink.append(event));
      const closing = sink.close();
      await rejectsWith(sink.append(sample(201)), "closed");
      await closing;
      // Not awaited until now: closing has waited for them.
      const stored = await Promise.all(appended);
      assertEquals(numbers(stored), upTo(200));
      assertEquals(await Deno.readTextFile(log), lines(stored));
    });
  }
});

Deno.test("lesson 18: JsonlSink tells an append that cannot be stored while it closes", async () => {
  await withFolder(async (_folder, log) => {
    let isFailing = false;
    const fileOps = watchedOps(({ op }) => {
      if (op === "syncData" && isFailing) throw errno("EIO");
    });
    const sink = new JsonlSink(log, { fileOps });
    await sink.append(sample(1));
    isFailing = true;
    const failed = rejectsWith(sink.append(sample(2)), "io");
    await sink.close();
    await failed;
    await using again = new JsonlSink(log);
    await assertHolds(again, [1]);
  });
});

Deno.test("lesson 15: JsonlSink stores an event as it was when it was appended", async () => {
  await withFolder(async (_folder, log) => {
    await using sink = new JsonlSink(log);
    const payload = { n: 1, list: [1] };
    const appended = sink.append({ ...sample(1), payload });
    payload.n = 2;
    payload.list.push(2);
    assertEquals((await appended).event.payload, { n: 1, list: [1] });
    assertEquals((await sink.query())[0]!.event.payload, { n: 1, list: [1] });
    assertEquals((await verifyLog(sink)).violations, []);
  });
});

Deno.test("lesson 12: JsonlSink means the line's number by seq, filter or not", async () => {
  await withFolder(async (_folder, log) => {
    await using sink = new JsonlSink(log, { ctxFields: ["tier"] });
    for (let n = 1; n <= 6; n++) {
      const tier = n % 2 === 0 ? "two" : null;
      await sink.append(sample(n, { payload: { ctx: { tier } } }));
    }
    const even = await sink.query({ tier: "two" }, { afterSeq: 2 });
    assertEquals(even.map(({ seq }) => seq), [4, 6]);
    const odd = await sink.query({ tier: null }, { afterSeq: 2, limit: 1 });
    assertEquals(odd.map(({ seq }) => seq), [3]);
    const texts = (await Deno.readTextFile(log)).split("\n");
    for (const { seq, event } of even) {
      assert(texts[seq - 1]!.includes(event.event_id));
    }
    assertEquals(await sink.query({}, { limit: 0 }), []);
    await assertRejects(() => sink.query({}, { limit: -1 }), RangeError);
    await assertRejects(() => sink.query({}, { afterSeq: 0.5 }), RangeError);
    await assertRejects(
      () => Array.fromAsync(sink.stream({}, { batchSize: 0 })),
      RangeError,
    );
    // A field that was not indexed when the events came is searched all the same.
    await sink.close();
    await using later = new JsonlSink(log, { ctxFields: ["tier"] });
    assertEquals(await later.count({ tier: "two" }), 3);
  });
});

Deno.test("JsonlSink reads no further ahead than one chunk", async () => {
  await withFolder(async (_folder, log) => {
    let reads = 0;
    const fileOps = watchedOps(({ op }) => {
      if (op === "read") reads++;
    });
    await using sink = new JsonlSink(log, { fileOps });
    const payload = { text: "x".repeat(10_000) };
    await sink.appendAll(
      Array.from({ length: 200 }, (_, i) => sample(i + 1, { payload })),
    );
    reads = 0;
    const stream = sink.stream();
    await stream.next();
    assertEquals(reads, 1);
    await stream.return();
    // Near the end, reading does not begin at the top.
    reads = 0;
    assertEquals(numbers(await sink.query({}, { afterSeq: 198 })), [199, 200]);
    assert(reads <= 3, `${reads} reads`);
  });
});

Deno.test("JsonlSink ends a stream that follows with the signal's reason, and leaves nothing open", async () => {
  await withFolder(async (_folder, log) => {
    await using sink = new JsonlSink(log);
    await sink.append(sample(1));
    const controller = new AbortController();
    const { signal } = controller;
    const stream = sink.stream({}, { follow: true, signal });
    assertEquals((await stream.next()).value?.seq, 1);
    const next = stream.next();
    controller.abort(new Error("enough"));
    await assertRejects(() => next, Error, "enough");
    const late = sink.stream({}, { signal });
    await assertRejects(() => late.next(), Error, "enough");
  });
});

Deno.test("JsonlSink ends a plain stream with closed, and one that follows at the end of the log", async () => {
  await withFolder(async (_folder, log) => {
    const sink = new JsonlSink(log);
    await sink.appendAll(samples(3));
    const plain = sink.stream();
    const following = sink.stream({}, { follow: true });
    await plain.next();
    await following.next();
    await sink.close();
    await assertRejects(() => plain.next(), SinkError, "closed");
    assertEquals(numbers(await Array.fromAsync(following)), [2, 3]);
  });
});

Deno.test("JsonlSink lets nobody in while it still closes", async () => {
  await withFolder(async (_folder, log) => {
    const release = gate();
    const reached = gate();
    const fileOps = watchedOps(async ({ op, path }) => {
      if (op !== "open" || !path.endsWith(".gz.tmp")) return;
      reached.open();
      await release.passed;
    });
    const sink = new JsonlSink(log, { fileOps, maxBytes: 1 });
    await sink.append(sample(1));
    await sink.append(sample(2));
    await reached.passed;
    const closing = sink.close();
    await using other = new JsonlSink(log);
    await rejectsWith(other.open(), "locked");
    release.open();
    await closing;
    await assertHolds(other, [1, 2]);
  });
});

Deno.test("lesson 14: JsonlSink chains 5,000 traces over many parts", async () => {
  await withFolder(async (_folder, log) => {
    await using sink = new JsonlSink(log, {
      maxBytes: 400_000,
      fsync: "never",
    });
    const count = 5000;
    for (let round = 0; round < 2; round++) {
      const events = Array.from(
        { length: count },
        (_, i) =>
          sample(round * count + i + 1, { trace_id: uuid(10_000_000 + i) }),
      );
      await Promise.all(events.map((event) => sink.append(event)));
    }
    const report = await verifyLog(sink);
    assertEquals(report.violations, []);
    assertEquals([report.events, report.traces], [2 * count, count]);
    const [first, second] = await sink.query({ trace_id: uuid(10_000_000) });
    assertEquals(second!.event.prev_hash, first!.event.hash);
  });
});
