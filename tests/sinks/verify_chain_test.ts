import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type ChainViolation,
  type Event,
  linkEvent,
  MemorySink,
  parseEvent,
  SinkError,
  verifyChain,
} from "../../sinks/mod.ts";
import { chain, event, id } from "./_chains.ts";
import vectorFile from "../fixtures/vectors/chain.json" with { type: "json" };

const KEY = new Uint8Array(32).fill(0x6b);

function codes(violations: ChainViolation[]): string[] {
  return violations.map(({ code }) => code);
}

Deno.test("verifyChain accepts a chain, several in one list, and no events", () => {
  const [a, b] = [chain(1, 3), chain(2, 3)];
  assertEquals(verifyChain([]), []);
  assertEquals(verifyChain(a), []);
  const mixed = a.flatMap((event, i) => [event, b[i]!]);
  assertEquals(verifyChain(mixed), []);
});

Deno.test("verifyChain accepts the vectors, signatures included", () => {
  const stored = vectorFile.vectors.map(({ stored }) => parseEvent(stored));
  const head = vectorFile.vectors.at(-1)!.hash;
  assertEquals(verifyChain(stored, { head }), []);
  const signed = vectorFile.vectors.map(({ stored, sig }) =>
    parseEvent(stored.replace('"sig":null}', `"sig":"${sig}"}`))
  );
  assertEquals(verifyChain(signed, { head, key: KEY }), []);
});

Deno.test("verifyChain says hash_mismatch once for one edited event", () => {
  const events = chain(1, 3);
  events[1] = { ...events[1]!, payload: { step: 9 } };
  const [violation, ...others] = verifyChain(events);
  assertEquals(others, []);
  assertEquals(violation?.code, "hash_mismatch");
  assertEquals(violation?.event_id, events[1].event_id);
  assertEquals(violation?.trace_id, id(1));
  assertEquals(violation?.expected, events[1].hash);
  assertEquals(violation?.found?.length, 64);
  assertStringIncludes(violation!.message, "changed after it was appended");
});

Deno.test("verifyChain finds an edit of any field", () => {
  const edits: Partial<Event>[] = [
    { event_id: id(99) },
    { trace_id: id(99) },
    { task_id: id(99) },
    { parent_id: id(99) },
    { type: "data.other" },
    { ts: "2024-01-02T03:04:05Z" },
    { source: "other" },
    { payload: {} },
    { schema_version: 2 },
    { prev_hash: "0".repeat(64) },
    { hash: "0".repeat(64) },
  ];
  for (const edit of edits) {
    const events = chain(1, 3);
    events[1] = { ...events[1]!, ...edit };
    const found = codes(verifyChain(events));
    const wrong = Object.keys(edit)[0] === "trace_id" ? "broken_link" : "hash";
    assertStringIncludes(found.join(), wrong, Object.keys(edit)[0]);
  }
});

Deno.test("verifyChain says broken_link for an event removed, moved or put in front", () => {
  const [a, b, c] = chain(1, 3) as [Event, Event, Event];
  const [violation] = verifyChain([a, c]);
  assertEquals(violation?.code, "broken_link");
  assertEquals(violation?.event_id, c.event_id);
  assertEquals([violation?.expected, violation?.found], [a.hash, b.hash]);
  assertEquals(codes(verifyChain([b, c])), ["broken_link"]);
  assertEquals(
    new Set(codes(verifyChain([a, c, b]))),
    new Set(["broken_link"]),
  );
});

Deno.test("verifyChain says where a stored event stands", async () => {
  await using sink = new MemorySink();
  await sink.append(event(1));
  const stored = await sink.append(event(1));
  const violation = verifyChain([stored])[0];
  assertEquals(violation?.seq, 2);
  assertStringIncludes(violation!.message, "seq 2");
});

Deno.test("verifyChain takes events from before the chain for what they are", () => {
  const old = [event(1), event(1)];
  assertEquals(verifyChain(old), []);
  const linked = linkEvent(event(1), null);
  assertEquals(verifyChain([...old, linked]), []);
  assertEquals(verifyChain([...old, linked], { key: KEY }).length, 1);
  assertEquals(verifyChain(old, { key: KEY }), []);
});

Deno.test("verifyChain says unlinked for an event without a hash behind a linked one", () => {
  const [a, b] = chain(1, 2) as [Event, Event];
  const stray = event(1);
  const violations = verifyChain([a, stray, b]);
  assertEquals(codes(violations), ["unlinked"]);
  assertEquals(violations[0]?.event_id, stray.event_id);
  assertEquals(verifyChain([a, b, event(2)]), [], "another trace is its own");
});

Deno.test("verifyChain takes an event with part of its chain fields for linked", () => {
  const [a] = chain(1, 1) as [Event];
  assertEquals(
    codes(verifyChain([{ ...a, sig: "0".repeat(64), hash: null }])),
    [
      "hash_mismatch",
    ],
  );
});

Deno.test("verifyChain with a key wants the signature of every linked event", () => {
  const signed = chain(1, 3, KEY);
  assertEquals(verifyChain(signed, { key: KEY }), []);
  const other = new Uint8Array(32);
  assertEquals(codes(verifyChain(signed, { key: other })), [
    "bad_signature",
    "bad_signature",
    "bad_signature",
  ]);
  const stripped = [signed[0]!, { ...signed[1]!, sig: null }, signed[2]!];
  assertEquals(codes(verifyChain(stripped, { key: KEY })), [
    "missing_signature",
  ]);
  assertEquals(verifyChain(stripped), [], "without a key none is looked at");
});

Deno.test("verifyChain with a key finds a trace that was written anew without it", () => {
  const forged = chain(1, 2).map((event, i) => ({
    ...event,
    sig: chain(1, 2, KEY)[i]!.sig,
  }));
  assertEquals(verifyChain(forged), []);
  assertEquals(codes(verifyChain(forged, { key: KEY })), [
    "bad_signature",
    "bad_signature",
  ]);
});

Deno.test("verifyChain says head_mismatch where the last hash is another one", () => {
  const events = chain(1, 3);
  const head = events.at(-1)!.hash;
  assertEquals(verifyChain(events, { head }), []);
  const [violation] = verifyChain(events.slice(0, 2), { head });
  assertEquals(violation?.code, "head_mismatch");
  assertEquals(violation?.expected, head);
  assertEquals(violation?.found, events[1]!.hash);
  assertEquals(codes(verifyChain([], { head })), ["head_mismatch"]);
  assertEquals(verifyChain([], { head: null }), []);
});

Deno.test("verifyChain refuses one head for several traces", () => {
  const events = [...chain(1, 1), ...chain(2, 1)];
  assertThrows(() => verifyChain(events, { head: null }), TypeError, id(2));
});

Deno.test("verifyChain says duplicate_id for an id that occurs again", () => {
  const [a] = chain(1, 1) as [Event];
  const copy = linkEvent({ ...a, hash: null, trace_id: id(2) }, null);
  assertEquals(codes(verifyChain([a, copy])), ["duplicate_id"]);
});

Deno.test("verifyChain throws on an object that is no event", () => {
  const none = { ...event(1), type: "other" };
  const error = assertThrows(() => verifyChain([none]), SinkError);
  assertEquals(error.code, "invalid_event");
});
