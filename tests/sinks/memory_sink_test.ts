import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { createEvent, MemorySink, SinkError } from "../../sinks/mod.ts";
import { testEventSink } from "../conformance/mod.ts";

testEventSink({
  name: "MemorySink",
  supports: {
    persistence: false,
    atomicAppendAll: true,
    unboundedIdempotence: true,
    sharedWriters: false,
  },
  open: (_log, options) => new MemorySink(options),
});

const OF = {
  trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
  task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
  type: "harness.step",
  source: "suite",
};

Deno.test("MemorySink refuses more events than eventsMax, and stays as it was", async () => {
  await using sink = new MemorySink({ eventsMax: 2 });
  const first = createEvent(OF);
  await sink.append(first);
  const batch = [createEvent(OF), createEvent(OF)];
  const error = await assertRejects(() => sink.appendAll(batch), SinkError);
  assertEquals(error.code, "overloaded");
  assert(error.message.includes("2"), error.message);
  assertEquals(await sink.count(), 1);
  await sink.append(createEvent(OF));
  await assertRejects(() => sink.append(createEvent(OF)), SinkError);
  // What is there already takes no place.
  assertEquals((await sink.append(first)).seq, 1);
  assertEquals(await sink.count(), 2);
});

Deno.test("MemorySink refuses an eventsMax that is no bound", () => {
  for (const eventsMax of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => new MemorySink({ eventsMax }), RangeError);
  }
});

Deno.test("MemorySink refuses more than 32 ctxFields", () => {
  const fields = Array.from({ length: 33 }, (_, n) => `field${n}`);
  assertThrows(() => new MemorySink({ ctxFields: fields }), RangeError);
  const sink = new MemorySink({ ctxFields: fields.slice(1) });
  assertEquals(sink.name, "memory");
});

Deno.test("MemorySink copies a signing key that is a Buffer, whose slice is no copy", async () => {
  const bytes = new Uint8Array(32).fill(107);
  const key = Buffer.from(bytes);
  const of = { ...OF, event_id: crypto.randomUUID(), ts: new Date(0) };
  await using sink = new MemorySink({ signKey: key });
  key.fill(0);
  await using other = new MemorySink({ signKey: bytes });
  const { event: { sig } } = await sink.append(createEvent(of));
  assertEquals(sig, (await other.append(createEvent(of))).event.sig);
});
