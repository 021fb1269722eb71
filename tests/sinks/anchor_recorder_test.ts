import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Anchor,
  AnchorRecorder,
  chainHead,
  EventBus,
  MemorySink,
  verifyLog,
} from "../../sinks/mod.ts";
import { event, id } from "./_chains.ts";

/** A store in memory, which can be made to fail. */
class Store {
  readonly anchors: Anchor[] = [];
  calls = 0;
  error: Error | undefined;

  append(...anchors: Anchor[]): Promise<void> {
    this.calls++;
    if (this.error !== undefined) return Promise.reject(this.error);
    this.anchors.push(...anchors);
    return Promise.resolve();
  }
}

Deno.test("AnchorRecorder takes an anchor every so many events, and the rest at the end", async () => {
  const store = new Store();
  await using sink = new MemorySink();
  {
    await using recorder = new AnchorRecorder(sink, store, { everyEvents: 3 });
    for (let i = 0; i < 7; i++) {
      await recorder.record(await sink.append(event(1)));
    }
    await recorder.record(await sink.append(event(2)));
    assertEquals(store.anchors.map(({ seq }) => seq), [3, 6]);
  }
  assertEquals(store.calls, 3, "the last ones go in one call");
  assertEquals(store.anchors.slice(2), [
    chainHead(await sink.query({ trace_id: id(1) })),
    chainHead(await sink.query({ trace_id: id(2) })),
  ]);
  const { violations } = await verifyLog(sink, { anchors: store.anchors });
  assertEquals(violations, []);
});

Deno.test("AnchorRecorder counts in the log what it was not told of", async () => {
  const store = new Store();
  await using sink = new MemorySink();
  await sink.append(event(1));
  await sink.append(event(2));
  await sink.append(event(1));
  const recorder = new AnchorRecorder(sink, store, { everyEvents: 1 });
  const third = await sink.append(event(1));
  const fourth = await sink.append(event(1));
  await sink.append(event(1));
  await recorder.record(third);
  await recorder.record(fourth);
  await recorder.record(third);
  await recorder.record(await sink.append(event(1)));
  assertEquals(store.anchors.map(({ seq }) => seq), [3, 4, 6]);
  const { violations } = await verifyLog(sink, { anchors: store.anchors });
  assertEquals(violations, []);
});

Deno.test("lesson 14: AnchorRecorder remembers so many traces, and anchors one that makes room", async () => {
  const store = new Store();
  await using sink = new MemorySink();
  const recorder = new AnchorRecorder(sink, store, { tracesMax: 2 });
  for (const trace of [1, 2, 1, 3, 2, 2]) {
    await recorder.record(await sink.append(event(trace)));
  }
  assertEquals(
    store.anchors.map(({ trace_id, seq }) => `${trace_id} ${seq}`),
    [`${id(2)} 1`, `${id(1)} 2`],
  );
  await recorder.flush();
  await recorder.flush();
  assertEquals(store.anchors.length, 4);
  const { violations } = await verifyLog(sink, { anchors: store.anchors });
  assertEquals(violations, []);
});

Deno.test("AnchorRecorder tries again what the store refused", async () => {
  const store = new Store();
  await using sink = new MemorySink();
  const bus = new EventBus(sink);
  const recorder = new AnchorRecorder(sink, store, { everyEvents: 2 });
  bus.addDestination("anchors", (stored) => recorder.record(stored));
  store.error = new Error("the other machine is away");
  for (let i = 0; i < 3; i++) await bus.publish(event(1));
  await bus.close();
  assertEquals(bus.failures.map(({ error }) => error), [
    store.error,
    store.error,
  ]);
  assertEquals(await assertRejects(() => recorder.flush()), store.error);
  store.error = undefined;
  await recorder.flush();
  assertEquals(store.anchors.map(({ seq }) => seq), [3]);
});

Deno.test("AnchorRecorder refuses bounds out of range", () => {
  const sink = new MemorySink();
  const store = new Store();
  for (const bad of [0, -1, 0.5]) {
    const everyEvents = { everyEvents: bad };
    assertThrows(
      () => new AnchorRecorder(sink, store, everyEvents),
      RangeError,
    );
    const tracesMax = { tracesMax: bad };
    assertThrows(() => new AnchorRecorder(sink, store, tracesMax), RangeError);
  }
});
