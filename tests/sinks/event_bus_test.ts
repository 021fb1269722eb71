import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type Event,
  EventBus,
  MemorySink,
  parseEvent,
  serializeEvent,
  SinkError,
  type StoredEvent,
  verifyLog,
} from "../../sinks/mod.ts";
import { event, id } from "./_chains.ts";

/** A promise that never settles, and takes no resource. */
function never(): Promise<void> {
  return Promise.withResolvers<void>().promise;
}

/** A sink that is as slow, or as broken, as a test wants. */
class HookedSink extends MemorySink {
  before: (event: Event) => void | Promise<void> = () => {};

  override async append(event: Event): Promise<StoredEvent> {
    await this.before(event);
    return await super.append(event);
  }
}

async function publish(bus: EventBus, n: number, trace = 1): Promise<void> {
  for (let i = 0; i < n; i++) await bus.publish(event(trace));
}

Deno.test("EventBus stores an event before it ships it", async () => {
  const sink = new MemorySink();
  const bus = new EventBus(sink);
  const seen: number[] = [];
  bus.addDestination("probe", async ({ event }) => {
    seen.push(await sink.count({ event_id: event.event_id }));
  });
  const stored = await bus.publish(event(1));
  assertEquals(stored.seq, 1);
  assertEquals(await sink.query(), [stored]);
  await bus.close();
  assertEquals(seen, [1]);
});

Deno.test("EventBus ships nothing that the log refused", async () => {
  const sink = new MemorySink();
  const bus = new EventBus(sink);
  const seen: string[] = [];
  bus.addDestination("probe", ({ event }) => void seen.push(event.event_id));
  const first = event(1, { event_id: id(1) });
  await bus.publish(first);
  const other = event(1, { event_id: id(1), source: "other" });
  const error = await assertRejects(() => bus.publish(other), SinkError);
  assertEquals(error.code, "duplicate_id");
  await assertRejects(() => bus.publishAll([event(1), other]), SinkError);
  await bus.close();
  assertEquals(seen, [id(1)]);
  assertEquals(bus.failures, [], "a publisher's error is not a destination's");
});

Deno.test("EventBus keeps the order of publishing for each destination", async () => {
  const sink = new HookedSink();
  const first = Promise.withResolvers<void>();
  // The first append is the last to resolve, as no port would do it.
  sink.before = (event) => event.source === "0" ? first.promise : undefined;
  const bus = new EventBus(sink);
  const seen: string[] = [];
  bus.addDestination("probe", ({ event }) => void seen.push(event.source));
  const all = Array.from(
    { length: 5 },
    (_, i) => bus.publish(event(1, { source: String(i) })),
  );
  await all[4];
  first.resolve();
  await Promise.all(all);
  await bus.publishAll([
    event(1, { source: "5" }),
    event(1, { source: "6" }),
  ]);
  await bus.close();
  assertEquals(seen, ["0", "1", "2", "3", "4", "5", "6"]);
});

Deno.test("EventBus isolates a destination that throws from all others", async () => {
  const bus = new EventBus(new MemorySink());
  const seen: number[] = [];
  const thrown = new Error("no route");
  bus.addDestination("throws", () => {
    throw thrown;
  });
  bus.addDestination("rejects", () => Promise.reject(thrown));
  bus.addDestination("works", ({ seq }) => void seen.push(seq));
  await publish(bus, 3);
  await bus.close();
  assertEquals(seen, [1, 2, 3]);
  assertEquals(bus.destinations, [
    { name: "throws", queued: 0, delivered: 0, failed: 3, dropped: 0 },
    { name: "rejects", queued: 0, delivered: 0, failed: 3, dropped: 0 },
    { name: "works", queued: 0, delivered: 3, failed: 0, dropped: 0 },
  ]);
  const failure = bus.failures.find(({ destination }) =>
    destination === "throws"
  );
  assertEquals([failure?.seq, failure?.error], [1, thrown]);
  assert(!Number.isNaN(Date.parse(failure!.time)));
});

Deno.test("EventBus drops the newest for a destination that hangs, counts it, and goes on", async () => {
  const bus = new EventBus(new MemorySink(), {
    queueMax: 2,
    drainTimeoutMs: 0,
    failuresMax: 3,
  });
  const got: number[] = [];
  const seen: number[] = [];
  let ended: AbortSignal | undefined;
  bus.addDestination("hangs", ({ seq }, { signal }) => {
    got.push(seq);
    ended = signal;
    return never();
  });
  bus.addDestination("works", ({ seq }) => void seen.push(seq), {
    queueMax: 10,
  });
  await publish(bus, 5);
  await bus.close();
  assertEquals(seen, [1, 2, 3, 4, 5]);
  assertEquals(got, [1]);
  assertEquals(bus.destinations[0], {
    name: "hangs",
    queued: 0,
    delivered: 0,
    failed: 0,
    dropped: 5,
  });
  assert(ended?.aborted, "a hanging destination is told to let go");
  assertEquals(bus.failures.length, 3, "the newest, up to the bound");
  assertEquals(bus.failures.map(({ seq }) => seq), [5, 1, 2]);
  const { error } = bus.failures[0]!;
  assertInstanceOf(error, SinkError);
  assertEquals(error.code, "overloaded");
  assertStringIncludes(error.message, "queue of 2 is full");
});

Deno.test("EventBus.close waits for what a slow destination has queued", async () => {
  const bus = new EventBus(new MemorySink());
  const gate = Promise.withResolvers<void>();
  const seen: number[] = [];
  bus.addDestination("slow", async ({ seq }) => {
    await gate.promise;
    seen.push(seq);
  });
  await publish(bus, 3);
  const closing = bus.close();
  assertEquals(seen, []);
  gate.resolve();
  await closing;
  assertEquals(seen, [1, 2, 3]);
});

Deno.test("EventBus.close is idempotent, and refuses what comes after", async () => {
  await using sink = new MemorySink();
  const bus = new EventBus(sink);
  const pending = bus.publish(event(1));
  await Promise.all([bus.close(), bus.close()]);
  assertEquals((await pending).seq, 1, "what was accepted is stored");
  for (
    const call of [
      () => bus.publish(event(1)),
      () => bus.publishAll([event(1)]),
    ]
  ) {
    assertEquals((await assertRejects(call, SinkError)).code, "closed");
  }
  assertThrows(() => bus.addDestination("late", () => {}), SinkError);
  assertThrows(() => bus.subscribe(), SinkError);
  assertEquals(await sink.count(), 1, "the sink is its owner's to close");
});

Deno.test("EventBus closes the canonical sink when it owns it", async () => {
  const sink = new MemorySink();
  {
    await using bus = new EventBus(sink, { closeSink: true });
    await bus.publish(event(1));
  }
  assertEquals(
    (await assertRejects(() => sink.count(), SinkError)).code,
    "closed",
  );
});

Deno.test("EventBus ships stored events to a sink, so that the copy verifies", async () => {
  const key = new Uint8Array(32).fill(7);
  const sink = new MemorySink({ signKey: key });
  const copy = new MemorySink();
  const bus = new EventBus(sink);
  bus.addDestination("copy", copy);
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => bus.publish(event(i % 3))),
  );
  await bus.publish((await sink.query())[0]!.event);
  await bus.close();
  assertEquals(bus.failures, []);
  assertEquals(await copy.query(), await sink.query());
  assertEquals((await verifyLog(copy, { key })).violations, []);
});

Deno.test("EventBus counts what a destination sink with another chain refuses", async () => {
  const copy = new MemorySink();
  await copy.append(event(1, { source: "of its own" }));
  const bus = new EventBus(new MemorySink());
  bus.addDestination("copy", copy);
  await bus.publish(event(1));
  await bus.publish(event(2));
  await bus.close();
  const [failure, ...others] = bus.failures;
  assertEquals(others, []);
  assertInstanceOf(failure?.error, SinkError);
  assertEquals(failure.error.code, "broken_link");
  assertEquals(await copy.count(), 2);
});

Deno.test("EventBus links a filtered copy anew, to the letter of its numbers", async () => {
  const copy = new MemorySink();
  const bus = new EventBus(new MemorySink());
  bus.addDestination("prices", copy, { filter: { type: "data.price" } });
  const text = serializeEvent(event(1, { type: "data.price" }))
    .replace('"payload":{}', '"payload":{"price":1.0}');
  await bus.publish(event(1));
  await bus.publish(parseEvent(text));
  await bus.publish(event(1));
  await bus.publish(event(1, { type: "data.price" }));
  await bus.close();
  assertEquals(bus.failures, []);
  const copied = await copy.query();
  assertEquals(copied.length, 2);
  assertStringIncludes(serializeEvent(copied[0]!.event), '{"price":1.0}');
  assertEquals((await verifyLog(copy)).violations, []);
});

Deno.test("EventBus filters by columns and by any field of ctx", async () => {
  const bus = new EventBus(new MemorySink());
  const seen: number[] = [];
  bus.addDestination("ada", ({ seq }) => void seen.push(seq), {
    filter: { source: "tests", user: "ada" },
  });
  for (const user of ["ada", "eve", "ada"]) {
    await bus.publish(event(1, { payload: { ctx: { user } } }));
  }
  await bus.close();
  assertEquals(seen, [1, 3]);
});

Deno.test("EventBus.addDestination returns what removes it, after its queue", async () => {
  const bus = new EventBus(new MemorySink());
  const seen: number[] = [];
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const remove = bus.addDestination("probe", async ({ seq }) => {
    started.resolve();
    await gate.promise;
    seen.push(seq);
  });
  assertThrows(() => bus.addDestination("probe", () => {}), TypeError, "probe");
  await publish(bus, 2);
  await started.promise;
  const removed = remove();
  assertEquals(bus.destinations, []);
  await publish(bus, 1);
  bus.addDestination("probe", () => {});
  gate.resolve();
  await removed;
  await remove();
  assertEquals(seen, [1, 2]);
  assertEquals(bus.destinations.length, 1, "a namesake is another one");
  await bus.close();
});

Deno.test("EventBus.subscribe yields what is published from the call on", async () => {
  const bus = new EventBus(new MemorySink());
  await publish(bus, 1);
  const live = bus.subscribe({ trace_id: id(1) });
  await publish(bus, 1);
  await publish(bus, 1, 2);
  const seen: number[] = [];
  const reading = (async () => {
    for await (const { seq } of live) seen.push(seq);
  })();
  await publish(bus, 1);
  await bus.close();
  await reading;
  assertEquals(seen, [2, 4]);
});

Deno.test("EventBus.subscribe is ended by leaving the loop, and by its signal", async () => {
  await using bus = new EventBus(new MemorySink());
  const left = bus.subscribe();
  await publish(bus, 2);
  for await (const { seq } of left) {
    assertEquals(seq, 1);
    break;
  }
  const controller = new AbortController();
  const reason = new Error("enough");
  const aborted = bus.subscribe({}, { signal: controller.signal });
  const reading = assertRejects(async () => {
    for await (const _ of aborted) assert(false, "nothing was published");
  });
  controller.abort(reason);
  assertEquals(await reading, reason);
});

Deno.test("EventBus.subscribe tells a consumer that has fallen behind, after what is queued", async () => {
  const bus = new EventBus(new MemorySink());
  const live = bus.subscribe({}, { queueMax: 2 });
  const ample = bus.subscribe();
  await publish(bus, 4);
  await bus.close();
  const seen: number[] = [];
  const error = await assertRejects(async () => {
    for await (const { seq } of live) seen.push(seq);
  }, SinkError);
  assertEquals([error.code, error.seq], ["overloaded", 3]);
  assertEquals(seen, [1, 2]);
  assertEquals((await Array.fromAsync(ample)).length, 4);
});

Deno.test("lesson 15: EventBus ships the event as it was when published", async () => {
  const bus = new EventBus(new MemorySink());
  const copy = new MemorySink();
  bus.addDestination("copy", copy);
  const payload = { step: 1 };
  const init = { ...event(1), payload };
  const pending = bus.publish(init);
  payload.step = 2;
  const { event: stored } = await pending;
  await bus.close();
  assertEquals(stored.payload, { step: 1 });
  assertEquals((await copy.query())[0]?.event.payload, { step: 1 });
});

Deno.test("EventBus refuses bounds out of range and filters that are none", () => {
  const sink = new MemorySink();
  assertThrows(() => new EventBus(sink, { queueMax: 0 }), RangeError);
  assertThrows(() => new EventBus(sink, { drainTimeoutMs: -1 }), RangeError);
  assertThrows(() => new EventBus(sink, { failuresMax: 0.5 }), RangeError);
  const bus = new EventBus(sink);
  const filter = { user: {} } as never;
  assertThrows(() => bus.addDestination("a", () => {}, { filter }), TypeError);
  assertThrows(() => bus.subscribe(filter), TypeError);
  assertThrows(() => bus.subscribe({}, { queueMax: -1 }), RangeError);
});
