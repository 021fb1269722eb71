import { assert, assertEquals } from "@std/assert";
import {
  digestEvent,
  type Event,
  linkBatch,
  linkEvent,
  type LogView,
  parseEvent,
  serializeEvent,
} from "../../sinks/mod.ts";
import { isSameEvent } from "../../sinks/link_batch.ts";
import { assertCode, event } from "./_samples.ts";

const HASH = "0123456789abcdef".repeat(4);
const TRACE_B = "00000000-0000-4000-8000-0000000000ab";

function id(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

/** A log that holds these events, which are linked. */
function logOf(...events: Event[]): LogView {
  return {
    stored: (event_id) => {
      const at = events.findIndex((event) => event.event_id === event_id);
      return at < 0 ? undefined : { seq: at + 1, event: events[at]! };
    },
    head: (trace_id) =>
      events.findLast((event) => event.trace_id === trace_id)?.hash ?? null,
  };
}

Deno.test("linkBatch links each new event behind the last of its trace, within the batch too", () => {
  const stored = linkEvent(event({ event_id: id(1) }), null);
  const placed = linkBatch(
    [
      event({ event_id: id(2) }),
      event({ event_id: id(3), trace_id: TRACE_B }),
      event({ event_id: id(4) }),
      event({ event_id: id(5), trace_id: TRACE_B }),
    ],
    logOf(stored),
  );
  const linked = placed.map((place) => {
    assert(place.kind === "new");
    return place.event;
  });
  const [a, b, a2, b2] = linked as [Event, Event, Event, Event];
  assertEquals(a.prev_hash, stored.hash);
  assertEquals(b.prev_hash, null);
  assertEquals(a2.prev_hash, a.hash);
  assertEquals(b2.prev_hash, b.hash);
  assertEquals(a2.hash, digestEvent(a2, a.hash));
});

Deno.test("linkBatch names stored events and repetitions, without moving the chain", () => {
  const stored = linkEvent(event({ event_id: id(1) }), null);
  const fresh = event({ event_id: id(2) });
  const placed = linkBatch(
    [
      stored,
      fresh,
      fresh,
      event({ event_id: id(1) }),
      event({ event_id: id(3) }),
    ],
    logOf(stored),
  );
  assertEquals(
    placed.map(({ kind }) => kind),
    ["stored", "new", "repeat", "stored", "new"],
  );
  const [first, , repeat, , last] = placed;
  assert(first?.kind === "stored" && first.stored.seq === 1);
  assert(repeat?.kind === "repeat" && repeat.of === 1);
  const second = placed[1];
  assert(last?.kind === "new" && second?.kind === "new");
  assertEquals(last.event.prev_hash, second.event.hash);
});

Deno.test("linkBatch signs with the key", () => {
  const key = new Uint8Array(32).fill(107);
  const [place] = linkBatch([event()], logOf(), key);
  assert(place?.kind === "new");
  assertEquals(place.event, linkEvent(event(), null, key));
});

Deno.test("lesson 4: linkBatch refuses other content under a stored id, and says where it stands", () => {
  const stored = linkEvent(event(), null);
  const other = event({ source: "other" });
  const error = assertCode(
    "duplicate_id",
    () => linkBatch([event({ event_id: id(9) }), other], logOf(stored)),
  );
  assertEquals([error.seq, error.event_id], [1, stored.event_id]);
});

Deno.test("lesson 4: linkBatch refuses two contents under one id of the batch", () => {
  const batch = [event(), event({ source: "other" })];
  const error = assertCode("duplicate_id", () => linkBatch(batch, logOf()));
  assertEquals(error.seq, undefined);
});

Deno.test("lesson 10: linkBatch refuses chain fields that do not fit where the event would stand", () => {
  const first = linkEvent(event({ event_id: id(1) }), null);
  const second = linkEvent(event({ event_id: id(2) }), first.hash);
  assertEquals(linkBatch([first, second], logOf()).length, 2);
  assertCode("broken_link", () => linkBatch([second, first], logOf()));
  assertCode("broken_link", () => linkBatch([second], logOf()));
  const forged = event({ event_id: id(3), hash: HASH });
  assertCode("broken_link", () => linkBatch([forged], logOf(first)));
});

Deno.test("linkBatch makes nothing of nothing", () => {
  assertEquals(linkBatch([], logOf()), []);
});

Deno.test("isSameEvent looks at content, whatever the order of keys", () => {
  const stored = linkEvent(event({ payload: { a: 1, b: [1, 2] } }), null);
  assert(isSameEvent(event({ payload: { b: [1, 2], a: 1 } }), stored));
  assert(!isSameEvent(event({ payload: { a: 1, b: [2, 1] } }), stored));
  assert(!isSameEvent(event({ payload: { a: 1 } }), stored));
});

Deno.test("isSameEvent tells 1.0 from 1, and -0.0 from 0", () => {
  const stored = event({ payload: { n: 1, z: 0 } });
  const text = serializeEvent(stored);
  assert(isSameEvent(parseEvent(text), stored));
  for (const [of, by] of [['"n":1', '"n":1.0'], ['"z":0', '"z":-0.0']]) {
    assert(!isSameEvent(parseEvent(text.replace(of!, by!)), stored));
  }
});

Deno.test("isSameEvent looks at each chain field that the event came with", () => {
  const key = new Uint8Array(32).fill(107);
  const stored = linkEvent(event(), HASH, key);
  assert(isSameEvent(event(), stored));
  assert(isSameEvent(stored, stored));
  for (const field of ["prev_hash", "hash", "sig"] as const) {
    assert(isSameEvent(event({ [field]: stored[field] }), stored));
    const forged = { [field]: HASH.split("").reverse().join("") };
    assert(!isSameEvent(event(forged), stored), field);
  }
});
