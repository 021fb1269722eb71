import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  copyLog,
  type CopyReport,
  createEvent,
  type Event,
  type EventSink,
  linkEvent,
  MemorySink,
  serializeEvent,
  SinkError,
  SqliteSink,
  verifyLog,
} from "../../sinks/mod.ts";
import { JsonlSink } from "../../sinks/jsonl_sink.ts";
import { unlinked } from "../fakes/broken_sinks/breach.ts";
import { chain, event, id } from "./_chains.ts";
import {
  counts,
  FakeLog,
  foreignEvent,
  FORGETFUL,
  KINDS,
  type Open,
  someEvents,
  Spy,
  stops,
  textsOf,
  unlinkedText,
  withFolder,
} from "./_copies.ts";

const FIXTURES = new URL("../fixtures/predecessor/", import.meta.url);
const KEY = new Uint8Array(32).fill(0x73);

/** Copies one kind of sink to another, in pieces and again. */
async function copyPair(openFrom: Open, openTo: Open): Promise<void> {
  await withFolder(async (folder) => {
    await using from = await openFrom(`${folder}/from`);
    await from.appendAll(someEvents(3, 12));
    await using to = await openTo(`${folder}/to`);
    const progress: CopyReport[] = [];
    const report = await copyLog(from, to, {
      batchSize: 10,
      onProgress: (soFar) => void progress.push(soFar),
    });
    assertEquals(counts(report), [36, 36, 0, 0, 0]);
    assertEquals(progress.map(({ seq }) => seq), [10, 20, 30, 36]);
    assertEquals(progress.at(-1), report);
    const expected = await textsOf(from);
    assertEquals(await textsOf(to), expected);
    assertStringIncludes(
      expected[3]!,
      '"one":1.0,"zero":-0.0,"big":12345678901',
    );

    const again = await copyLog(from, to, { batchSize: 7 });
    assertEquals(counts(again), [36, 0, 36, 0, 0]);
    const resumed = await copyLog(from, to, { resumeFrom: 17, batchSize: 7 });
    assertEquals(counts(resumed), [19, 0, 19, 0, 0]);
    await from.appendAll(someEvents(4, 3));
    const more = await copyLog(from, to, { resumeFrom: report.seq });
    assertEquals(counts(more), [12, 12, 0, 0, 0]);
    assertEquals(await textsOf(to), await textsOf(from));
    const { violations, events } = await verifyLog(to);
    assertEquals([violations, events], [[], 48]);
  });
}

for (const [source, openFrom] of Object.entries(KINDS)) {
  for (const [target, openTo] of Object.entries(KINDS)) {
    Deno.test(`copyLog copies to the letter, once, and goes on (${source} → ${target})`, async () => {
      await copyPair(openFrom, openTo);
    });
  }
}

Deno.test("copyLog brings a signed log of the predecessor round: SQLite, memory, JSONL, encrypted SQLite", async () => {
  await withFolder(async (folder) => {
    const original = `${folder}/original`;
    await Deno.copyFile(new URL("python-head-signed.db", FIXTURES), original);
    await using first = await KINDS["SqliteSink"]!(original);
    await using second = new MemorySink();
    await using third = new JsonlSink(`${folder}/third`, { maxBytes: 20_000 });
    await using fourth = await KINDS["SqliteSink, encrypted"]!(`${folder}/4`);
    await using fifth = await KINDS["SqliteSink"]!(`${folder}/5`);
    const sinks: EventSink[] = [first, second, third, fourth, fifth];
    for (const [i, to] of sinks.slice(1).entries()) {
      const report = await copyLog(sinks[i]!, to, { key: KEY });
      assertEquals(counts(report), [240, 240, 0, 0, 0]);
    }
    const texts = await textsOf(first);
    assert(texts.every((text) => /"sig":"[0-9a-f]{64}"\}$/.test(text)));
    assert(texts.some((text) => text.includes('"score":1.0')));
    for (const sink of sinks) {
      assertEquals(await textsOf(sink), texts);
      assertEquals((await verifyLog(sink, { key: KEY })).violations, []);
    }
  });
});

for (const [target, open] of Object.entries(KINDS)) {
  Deno.test(`copyLog has the target link what has no chain, and counts it (0.2.0 → ${target})`, async () => {
    await withFolder(async (folder) => {
      const path = `${folder}/old.jsonl`;
      await Deno.copyFile(new URL("python-0.2.0.jsonl", FIXTURES), path);
      await using from = new JsonlSink(path);
      await using to = await open(`${folder}/to`);
      const report = await copyLog(from, to, { batchSize: 50, key: KEY });
      assertEquals(counts(report), [240, 240, 0, 240, 0]);
      const texts = await textsOf(from);
      assertEquals((await textsOf(to)).map(unlinkedText), texts);
      const { violations, unlinked } = await verifyLog(to);
      assertEquals([violations, unlinked], [[], 0]);

      const again = await copyLog(from, to, { batchSize: 30 });
      assertEquals(counts(again), [240, 0, 240, 240, 0]);
      const resumed = await copyLog(from, to, { resumeFrom: 100 });
      assertEquals(counts(resumed), [140, 0, 140, 140, 0]);
      assertEquals((await textsOf(to)).map(unlinkedText), texts);
    });
  });
}

/** A trace of the predecessor's that was appended to with a chain. */
function mixedTrace(): Event[] {
  return [event(1), event(2), event(1), ...chain(1, 2)];
}

for (const batchSize of [1, 2, 4, 256]) {
  Deno.test(`copyLog refuses a trace that is linked from its middle on (in batches of ${batchSize})`, async () => {
    const from = new FakeLog(mixedTrace());
    await using inner = new MemorySink();
    const to = new Spy(inner);
    const says = "Copy the log's file";
    const error = await stops(from, to, "broken_link", says, { batchSize });
    assertEquals(error.seq, 4);
    assertEquals(error.event_id, from.log[3]!.event.event_id);
    const resumeFrom = Math.floor(3 / batchSize) * batchSize;
    assertEquals(await to.count(), resumeFrom);
    assertStringIncludes(error.message, `resumeFrom: ${resumeFrom}`);
    // The target refuses it only where that shows within a batch alone.
    assertEquals(to.batches.length, Math.max(1, resumeFrom / batchSize));
    const resumed = await stops(from, to, "broken_link", says, { resumeFrom });
    assertEquals(resumed.seq, 4);
  });
}

Deno.test("copyLog refuses such a trace of a target that would take it", async () => {
  const from = new FakeLog(mixedTrace());
  await using inner = new MemorySink();
  const to = new Spy(inner);
  to.appendAll = async (events) => {
    const linked = await inner.appendAll([...events].slice(0, 3));
    const rest = [...events].slice(3).map((event, i) => ({
      seq: 4 + i,
      event,
    }));
    return [...linked, ...rest];
  };
  const error = await stops(
    from,
    to,
    "broken_link",
    "begins its trace's chain",
  );
  assertEquals(error.seq, 4);
});

Deno.test("copyLog brings a copy of the file up to date, events without a chain included", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/old.db`;
    await Deno.copyFile(new URL("python-0.2.0-plain.db", FIXTURES), path);
    await using from = await SqliteSink.open(path, { driver: "builtin" });
    const [first] = await from.query({}, { limit: 1 });
    const { trace_id } = first!.event;
    await from.appendAll([1, 2].map(() => event(1, { trace_id })));
    await from.backup(`${folder}/copy.db`);
    await from.appendAll([1, 2].map(() => event(1, { trace_id })));
    await using to = await SqliteSink.open(`${folder}/copy.db`, {
      driver: "builtin",
    });
    for (const resumeFrom of [0, 100, 239, 240, 241, 242, 243]) {
      for (const tracesMax of [1, 1_000]) {
        const options = { resumeFrom, tracesMax, batchSize: tracesMax };
        const isFirst = resumeFrom === 0 && tracesMax === 1;
        const copied = isFirst ? 2 : 0;
        const events = 244 - resumeFrom;
        assertEquals(
          counts(await copyLog(from, to, options)),
          [events, copied, events - copied, 0, 0],
        );
        assertEquals(await textsOf(to), await textsOf(from));
      }
    }
  });
});

/** A log of three traces, twelve events each, signed. */
function signedLog(): Event[] {
  const chains = [1, 2, 3].map((trace) => chain(trace, 12, KEY));
  return Array.from({ length: 36 }, (_, i) => chains[i % 3]![i / 3 | 0]!);
}

const OTHER_KEY = new Uint8Array(32).fill(1);

/** Logs that are wrong at seq 20, or where that shows. */
const WRONGS: Record<
  string,
  {
    wrong: (log: Event[]) => void;
    says: string;
    seq?: number;
    key?: Uint8Array;
  }
> = {
  "an edited payload": {
    wrong: (log) => log[19] = { ...log[19]!, payload: { step: "edited" } },
    says: "digests to",
  },
  "an edited hash": {
    wrong: (log) => log[19] = { ...log[19]!, hash: "a".repeat(64) },
    says: "digests to",
  },
  "an event that was taken away": {
    wrong: (log) => log.splice(16, 1),
    says: "an event was removed, added or moved there",
    seq: 19,
  },
  "the first events of a trace taken away": {
    wrong: (log) => log.splice(18, 0, ...chain(4, 3).slice(1)),
    says: "its trace's previous hash is null",
    seq: 19,
  },
  "two events in each other's place": {
    wrong: (log) => [log[19], log[22]] = [log[22]!, log[19]!],
    says: "an event was removed, added or moved there",
  },
  "an event that stands there twice": {
    wrong: (log) => log.splice(19, 0, log[16]!),
    says: "an event was removed, added or moved there",
  },
  "chain fields taken away": {
    wrong: (log) => log[19] = unlinked(log[19]!),
    says: "has no chain fields",
  },
  "a signature of another key": {
    wrong: (log) => {
      const before = log[16]!.hash;
      log[19] = linkEvent(unlinked(log[19]!), before, OTHER_KEY);
    },
    says: "was not made with the given key",
    key: KEY,
  },
  "a signature taken away": {
    wrong: (log) => log[19] = { ...log[19]!, sig: null },
    says: "linked but not signed",
    key: KEY,
  },
};

for (const [what, { wrong, says, seq = 20, key }] of Object.entries(WRONGS)) {
  Deno.test(`copyLog stops at ${what}, and says where`, async () => {
    const log = signedLog();
    wrong(log);
    const from = new FakeLog(log);
    const { event_id } = log[seq - 1]!;
    const keyed = key === undefined ? {} : { key };
    for (const resumeFrom of [0, 4, 16]) {
      await using inner = new MemorySink();
      const to = new Spy(inner);
      await inner.appendAll(log.slice(0, resumeFrom));
      const error = await stops(from, to, "broken_link", says, {
        ...keyed,
        resumeFrom,
        batchSize: 4,
      });
      assertEquals([error.seq, error.event_id], [seq, event_id]);
      assertStringIncludes(error.message, `event ${event_id} at seq ${seq}`);
      assertStringIncludes(error.message, "resumeFrom: 16");
      assertStringIncludes(error.message, "verifyLog");
      // The target was not even asked.
      assertEquals(to.batches.length, (16 - resumeFrom) / 4);
      assertEquals(await textsOf(to), log.slice(0, 16).map(serializeEvent));
    }
  });
}

Deno.test("copyLog looks at signatures only with a key, and copies them", async () => {
  const log = chain(1, 3, OTHER_KEY);
  await using to = new MemorySink();
  await copyLog(new FakeLog(log), to);
  assertEquals(await textsOf(to), log.map(serializeEvent));
  await using other = new MemorySink();
  const from = new FakeLog(log);
  const error = await stops(from, other, "broken_link", "the key is another", {
    key: KEY,
  });
  assertEquals(error.seq, 1);
});

Deno.test("copyLog stops where numbers do not grow, since no place could be resumed from", async () => {
  const from = new FakeLog(chain(1, 4));
  from.log[2] = { ...from.log[2]!, seq: 2 };
  await using to = new MemorySink();
  const error = await stops(from, to, "broken_link", "behind seq 2", {
    batchSize: 1,
  });
  assertEquals(error.seq, 2);
  assertEquals(await to.count(), 2);
});

Deno.test("copyLog says which row of the source cannot be read", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/run.jsonl`;
    const texts = chain(1, 5).map(serializeEvent);
    await Deno.writeTextFile(path, `${texts.with(3, "{}").join("\n")}\n`);
    await using from = new JsonlSink(path);
    await using to = new MemorySink();
    const error = await stops(from, to, "corrupt_line", "behind seq 3", {
      batchSize: 2,
    });
    assertEquals(error.seq, 4);
    assertStringIncludes(error.message, "resumeFrom: 2");
    assert(error.cause instanceof SinkError);
    // Passing over it does not hide that it is missing.
    await using lenient = new JsonlSink(path, { onCorrupt: () => {} });
    await from.close();
    await stops(lenient, to, "broken_link", "event was removed");
  });
});

for (const [target, open] of Object.entries(KINDS)) {
  Deno.test(`copyLog resumes where it was ended, from what was noted or from nothing (${target})`, async () => {
    await withFolder(async (folder) => {
      await using from = new MemorySink();
      await from.appendAll(someEvents(5, 8));
      const texts = await textsOf(from);
      for (const noted of [0, 1, 3]) {
        const to = await open(`${folder}/to-${noted}`);
        try {
          const controller = new AbortController();
          const reason = new Error("killed");
          const seen: number[] = [];
          const stopped = await assertRejects(() =>
            copyLog(from, to, {
              batchSize: 6,
              signal: controller.signal,
              onProgress: ({ seq }) => {
                seen.push(seq);
                if (seen.length === 3) controller.abort(reason);
              },
            })
          );
          assertEquals(stopped, reason);
          assertEquals(seen, [6, 12, 18]);
          assertEquals(await textsOf(to), texts.slice(0, 18));
          const resumeFrom = [0, ...seen][noted]!;
          const report = await copyLog(from, to, { resumeFrom });
          assertEquals(
            counts(report),
            [40 - resumeFrom, 22, 18 - resumeFrom, 0, 0],
          );
          assertEquals(await textsOf(to), texts);
        } finally {
          await to.close();
        }
      }
    });
  });
}

Deno.test("copyLog ends with what onProgress throws or rejects with", async () => {
  await using from = new MemorySink();
  await from.appendAll(someEvents(1, 10));
  const reason = new SinkError("io", "cannot write the place down");
  for (
    const onProgress of [
      () => {
        throw reason;
      },
      () => Promise.reject(reason),
    ]
  ) {
    await using to = new MemorySink();
    const options = { batchSize: 4, onProgress };
    const error = await assertRejects(() => copyLog(from, to, options));
    assertEquals(error, reason);
    assertEquals(await to.count(), 4);
  }
});

Deno.test("copyLog is ended by its signal between batches of sinks that never wait", async () => {
  await using from = new MemorySink();
  const events = someEvents(2, 2_000);
  await from.appendAll(events);
  const controller = new AbortController();
  const reason = new SinkError("io", "enough");
  let batches = 0;
  // Fires only if the event loop gets its turn.
  const timer = setTimeout(() => controller.abort(reason), 0);
  try {
    await using to = new MemorySink();
    const { signal } = controller;
    const copying = copyLog(from, to, {
      signal,
      batchSize: 100,
      onProgress: () => void batches++,
    });
    assertEquals(await assertRejects(() => copying), reason);
    assert(batches < 40, `${batches} batches were copied all the same`);
    assertEquals(await to.count(), batches * 100);
    const late = await assertRejects(() => copyLog(from, to, { signal }));
    assertEquals(late, reason);
  } finally {
    clearTimeout(timer);
  }
});

for (const [target, open] of Object.entries(KINDS)) {
  Deno.test(`copyLog copies beside other events of the target (${target})`, async () => {
    await withFolder(async (folder) => {
      await using to = await open(`${folder}/to`);
      await to.appendAll([event(7), event(8), event(7)]);
      const others = await textsOf(to);
      await using from = new MemorySink();
      await from.appendAll(someEvents(2, 10));
      const texts = await textsOf(from);
      const first = await copyLog(from, to, { batchSize: 3 });
      assertEquals(counts(first), [20, 20, 0, 0, 0]);
      await to.append(event(8));
      const again = await copyLog(from, to);
      assertEquals(counts(again), [20, 0, 20, 0, 0]);
      await from.append(event(0));
      const more = await copyLog(from, to, { resumeFrom: 5 });
      assertEquals(counts(more), [16, 1, 15, 0, 0]);
      const all = await textsOf(to);
      assertEquals(all.slice(0, 23), [...others, ...texts]);
      assertEquals(all.length, 25);
    });
  });
}

Deno.test("copyLog stops where the target has other events in a trace, or under an id", async () => {
  await using from = new MemorySink();
  const events = someEvents(2, 4);
  await from.appendAll(events);
  await using to = new MemorySink();
  await to.append(event(1));
  const linked = await stops(from, to, "broken_link", "the target refused", {
    batchSize: 1,
  });
  assertEquals([linked.seq, linked.event_id], [2, events[1]!.event_id]);
  assert(linked.cause instanceof SinkError);
  assertStringIncludes(linked.message, "resumeFrom: 1");

  await using rival = new MemorySink();
  const { event_id } = events[5]!;
  await rival.appendAll([event(9), event(9, { event_id })]);
  const error = await stops(from, rival, "duplicate_id", "at seq 6");
  assertEquals([error.seq, error.event_id], [6, event_id]);
  assertEquals(await rival.count(), 2);
});

Deno.test("copyLog stops where the target holds the same event in another spelling", async () => {
  const first = linkEvent(event(1, { payload: { a: 1, b: 2 } }), null);
  await using to = new MemorySink();
  // The hash is over sorted keys, so that their order alone is another text.
  await to.append(createEvent({ ...first, payload: { b: 2, a: 1 } }));
  const from = new FakeLog([first]);
  const error = await stops(from, to, "duplicate_id", "another payload");
  assertEquals([error.seq, error.event_id], [1, first.event_id]);
});

Deno.test("copyLog stops where the target returns another text, or none", async () => {
  const [one, two] = chain(1, 2) as [Event, Event];
  const foreign = linkEvent(foreignEvent(2), null);
  const from = new FakeLog([one, foreign, two]);
  const changes: [string, (event: Event) => Event][] = [
    ["another ts", (event) => ({ ...event, ts: "2024-01-02T03:04:05Z" })],
    ["another spelling of its payload", (event) => createEvent(event)],
    ["another hash", (event) => ({ ...event, hash: null })],
  ];
  for (const [says, change] of changes) {
    await using inner = new MemorySink();
    const to = new Spy(inner);
    to.appendAll = async (events) =>
      (await inner.appendAll(events)).map(({ seq, event }) =>
        event.trace_id === id(2)
          ? { seq, event: change(event) }
          : { seq, event }
      );
    const error = await stops(from, to, "duplicate_id", says, { batchSize: 1 });
    assertEquals([error.seq, error.event_id], [2, foreign.event_id]);
    assertStringIncludes(error.message, "resumeFrom: 1");
  }
  await using inner = new MemorySink();
  const to = new Spy(inner);
  to.appendAll = async (events) => (await inner.appendAll(events)).slice(1);
  assertEquals((await stops(from, to, "duplicate_id", "holds")).seq, 1);
  to.appendAll = () => Promise.resolve([]);
  assertEquals((await stops(from, to, "io", "did not say where")).seq, 1);
});

Deno.test("copyLog has no target sign what is not signed in the source", async () => {
  const unsigned = new FakeLog(chain(1, 3));
  await using to = new MemorySink({ signKey: KEY });
  const error = await stops(unsigned, to, "duplicate_id", "without signKey");
  assertEquals(error.seq, 1);
  const signed = new FakeLog(chain(2, 3, KEY));
  assertEquals(counts(await copyLog(signed, to)), [3, 3, 0, 0, 0]);
  const stranger = new FakeLog(chain(3, 3, OTHER_KEY));
  await stops(stranger, to, "broken_link", "not made with this key");
  // What has no chain gets all of it from the target.
  const old = new FakeLog([event(4), event(4)]);
  assertEquals(counts(await copyLog(old, to)), [2, 2, 0, 2, 0]);
  const added = new MemorySink();
  assertEquals(counts(await copyLog(to, added)), [8, 8, 0, 0, 0]);
  await added.close();
});

Deno.test("copyLog tells a resumeFrom that is too late from a trace that is cut", async () => {
  await using from = new MemorySink();
  await from.appendAll(someEvents(2, 10));
  await using to = new MemorySink();
  await copyLog(
    new FakeLog((await from.query()).slice(0, 6).map((e) => e.event)),
    to,
  );
  const error = await stops(from, to, "broken_link", "give an earlier one", {
    resumeFrom: 10,
  });
  assertEquals(error.seq, 11);
  assertEquals(await to.count(), 6);
  assertEquals(counts(await copyLog(from, to)), [20, 14, 6, 0, 0]);
});

Deno.test("copyLog counts what the target has in another order", async () => {
  await using from = new MemorySink();
  const chains = [chain(1, 3), chain(2, 3)] as const;
  await from.appendAll([...chains[0], ...chains[1]]);
  await using to = new MemorySink();
  await to.appendAll(chains[1]);
  assertEquals(counts(await copyLog(from, to)), [6, 3, 3, 0, 3]);
  const again = await copyLog(from, to, { batchSize: 2 });
  assertEquals(counts(again), [6, 0, 6, 0, 3]);
  assertEquals((await verifyLog(to)).violations, []);
});

Deno.test("copyLog looks up no trace while it knows all, and scans the target at most once", async () => {
  await using from = new MemorySink();
  await from.appendAll(someEvents(20, 5));
  await using inner = new MemorySink();
  const to = new Spy(inner);
  await copyLog(from, to, { batchSize: 7 });
  await copyLog(from, to, { batchSize: 7 });
  assertEquals([to.scans, to.lookups], [0, 0]);
  await copyLog(from, to, { batchSize: 7, resumeFrom: 50 });
  assertEquals([to.scans, to.lookups], [1, 0]);
  await from.appendAll(someEvents(25, 1));
  await copyLog(from, to, { batchSize: 7, resumeFrom: 100 });
  assertEquals([to.scans, to.lookups], [2, 0]);
});

Deno.test("lesson 14: copyLog copies the same however few traces it may hold", async () => {
  await using from = new MemorySink();
  const events = someEvents(40, 6);
  await from.appendAll(events);
  const texts = await textsOf(from);
  for (const resumeFrom of [0, 100]) {
    await using inner = new MemorySink();
    await inner.appendAll(events.slice(0, resumeFrom));
    const to = new Spy(inner);
    const options = { tracesMax: 4, batchSize: 10, resumeFrom };
    const report = await copyLog(from, to, options);
    assertEquals(report.copied, 240 - resumeFrom);
    assertEquals(await textsOf(inner), texts);
    assert(to.lookups > 100, `${to.lookups} traces were looked up`);
    const again = await copyLog(from, to, options);
    assertEquals(again.present, 240 - resumeFrom);
  }
  // What is forgotten is held to its chain all the same.
  const log = (await from.query()).map(({ event }) => event);
  log.splice(60, 1);
  await using to = new MemorySink();
  const error = await stops(
    new FakeLog(log),
    to,
    "broken_link",
    "an event was removed",
    { tracesMax: 4, batchSize: 10 },
  );
  assertEquals(error.seq, 100);
});

Deno.test("copyLog has a forgotten trace without a chain go on, and end where one begins", async () => {
  const old = [1, 2, 3, 4, 1, 2, 3, 4, 1].map((trace) => event(trace));
  const options = { tracesMax: 1, batchSize: 1 };
  await using to = new MemorySink();
  const report = await copyLog(new FakeLog(old), to, options);
  assertEquals(counts(report), [9, 9, 0, 9, 0]);
  assertEquals((await verifyLog(to)).violations, []);
  const mixed = new FakeLog([...old, ...chain(1, 1)]);
  await using other = new MemorySink();
  const error = await stops(mixed, other, "broken_link", "backup", options);
  assertEquals(error.seq, 10);
  // The target's link of what was stripped is the one that was taken away.
  const [first, second] = chain(1, 2) as [Event, Event];
  const healed = new FakeLog([unlinked(first), event(2), event(3), second]);
  await using fourth = new MemorySink();
  const again = await stops(healed, fourth, "broken_link", "removed", options);
  assertEquals(again.seq, 4);
  const stripped = new FakeLog([...chain(1, 1), ...old]);
  await using third = new MemorySink();
  const found = await stops(stripped, third, "broken_link", "no chain", {
    ...options,
  });
  assertEquals(found.seq, 2);
});

Deno.test("copyLog bounds a batch by bytes, and copies an event that is larger alone", async () => {
  const sizes = [1, 3, 3, 3, 1, 9, 1, 1, 8, 4];
  await using from = new MemorySink();
  // An ä takes two bytes, and is dear to digest.
  const events = sizes.map((size, i) => {
    const text = i === 2
      ? "ä".repeat(size * 2 ** 19)
      : "x".repeat(size * 2 ** 20);
    return event(1, { payload: { text } });
  });
  await from.appendAll(events);
  await using inner = new MemorySink();
  const to = new Spy(inner);
  await copyLog(from, to);
  const byId = new Map(events.map(({ event_id }, i) => [event_id, sizes[i]]));
  assertEquals(
    to.batches.map((batch) => batch.map((event_id) => byId.get(event_id))),
    [[1, 3, 3], [3, 1], [9], [1, 1], [8], [4]],
  );
  assertEquals(await textsOf(to), await textsOf(from));
});

Deno.test("copyLog takes batches of the size it is told", async () => {
  await using from = new MemorySink();
  await from.appendAll(someEvents(1, 600));
  for (const batchSize of [undefined, 600, 10_000, 1]) {
    await using inner = new MemorySink();
    const to = new Spy(inner);
    await copyLog(from, to, batchSize === undefined ? {} : { batchSize });
    const size = batchSize ?? 256;
    assertEquals(to.batches.length, Math.ceil(600 / size));
    assertEquals(to.batches[0]!.length, Math.min(600, size));
  }
});

Deno.test("copyLog copies what a source gains meanwhile, until its end is reached", async () => {
  await using from = new MemorySink();
  await from.appendAll(someEvents(1, 10));
  await using to = new MemorySink();
  let left = 3;
  const onProgress = async () => {
    if (left-- > 0) await from.append(event(0));
  };
  const first = await copyLog(from, to, { batchSize: 5, onProgress });
  // What came with the last batch came after the end was reached.
  assertEquals(counts(first), [12, 12, 0, 0, 0]);
  const rest = await copyLog(from, to, { resumeFrom: first.seq });
  assertEquals(counts(rest), [1, 1, 0, 0, 0]);
  assertEquals(await textsOf(to), await textsOf(from));
});

Deno.test("copyLog says what the target refuses, and goes on when there is room", async () => {
  await using from = new MemorySink();
  await from.appendAll(someEvents(2, 10));
  await using small = new MemorySink({ eventsMax: 15 });
  const options = { batchSize: 6 };
  const error = await stops(from, small, "overloaded", "seq 13 to", options);
  assertStringIncludes(error.message, "resumeFrom: 12");
  assertEquals(await small.count(), 12);
  await withFolder(async (folder) => {
    const limit = { eventBytesMax: 1024 };
    await using to = new JsonlSink(`${folder}/run.jsonl`, limit);
    const large = event(1, { payload: { text: "x".repeat(2_000) } });
    const log = new FakeLog([event(2), large]);
    const error = await stops(log, to, "invalid_event", "eventBytesMax");
    assertEquals([error.seq, error.event_id], [2, large.event_id]);
    assertEquals(await to.count(), 0, "a batch is stored whole or not at all");
  });
});

Deno.test("copyLog goes on from a batch that a target without transactions has half of", async () => {
  await withFolder(async (folder) => {
    await using from = new MemorySink();
    await from.appendAll([...someEvents(2, 6), ...someEvents(1, 2)]);
    const half = (await from.query({}, { limit: 9 })).map(({ event }) => event);
    for (const resumeFrom of [0, 5]) {
      const path = `${folder}/run-${resumeFrom}.jsonl`;
      await using to = new JsonlSink(path, FORGETFUL);
      await to.appendAll(half);
      const report = await copyLog(from, to, { resumeFrom });
      assertEquals(
        counts(report),
        [14 - resumeFrom, 5, 9 - resumeFrom, 0, 0],
      );
      assertEquals(await textsOf(to), await textsOf(from));
    }
  });
});

Deno.test("copyLog fails with closed on a closed sink, and leaves open ones open", async () => {
  for (const which of ["from", "to"]) {
    await using from = new MemorySink();
    await using to = new MemorySink();
    await (which === "from" ? from : to).close();
    const side = which === "from" ? "the source" : "the target";
    await stops(from, to, "closed", side);
  }
  await using from = new MemorySink();
  await using to = new MemorySink();
  await copyLog(from, to);
  assertEquals([await from.count(), await to.count()], [0, 0]);
});

Deno.test("copyLog refuses options out of range, and a log as its own copy", async () => {
  await using from = new MemorySink();
  await using to = new MemorySink();
  for (const bad of [-1, 1.5, NaN, Infinity]) {
    const call = (options: object) => () => copyLog(from, to, options);
    await assertRejects(call({ resumeFrom: bad }), RangeError, "resumeFrom");
    await assertRejects(call({ batchSize: bad }), RangeError, "batchSize");
    await assertRejects(call({ tracesMax: bad }), RangeError, "tracesMax");
  }
  for (const batchSize of [0, 10_001]) {
    const call = () => copyLog(from, to, { batchSize });
    await assertRejects(call, RangeError, "1 to 10000");
  }
  await assertRejects(() => copyLog(from, from), TypeError, "the same");
});

Deno.test("copyLog of a log to itself through two sinks copies nothing", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/log.db`;
    const options = { driver: "builtin" } as const;
    await using to = await SqliteSink.open(path, options);
    await to.appendAll(someEvents(2, 20));
    await using from = await SqliteSink.open(path, {
      ...options,
      readOnly: true,
    });
    assertEquals(counts(await copyLog(from, to)), [40, 0, 40, 0, 0]);
    await stops(to, from, "read_only", "the target refused");
  });
});
