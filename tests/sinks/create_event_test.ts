import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import {
  createEvent,
  type Event,
  type EventInit,
  parseEvent,
  serializeEvent,
} from "../../sinks/mod.ts";
import { admitEvent } from "../../sinks/create_event.ts";
import {
  anyPayload,
  anyText,
  assertCode,
  event,
  OF,
  RUNS,
} from "./_samples.ts";

Deno.test("createEvent fills in a UUIDv7, the time in UTC, and the rest", () => {
  const before = new Date().toISOString();
  const made = createEvent(OF);
  assertEquals(made.event_id[14], "7");
  assert(made.ts >= before.slice(0, 19), `${made.ts} is before ${before}`);
  assert(made.ts.endsWith("Z"));
  assertEquals(made.parent_id, null);
  assertEquals(made.payload, {});
  assertEquals(made.schema_version, 1);
  assertEquals([made.prev_hash, made.hash, made.sig], [null, null, null]);
  assertNotEquals(createEvent(OF).event_id, made.event_id);
});

Deno.test("createEvent makes ids that sort in the order of making", () => {
  const ids = Array.from({ length: 100 }, () => createEvent(OF).event_id);
  assertEquals(ids, ids.toSorted());
});

Deno.test("createEvent normalises ids and time", () => {
  const made = event({
    event_id: "{00000000-0000-4000-8000-0000000000FF}",
    parent_id: "000000000000400080000000000000fe",
    ts: "2024-01-02T03:04:05.5+00:00",
  });
  assertEquals(made.event_id, "00000000-0000-4000-8000-0000000000ff");
  assertEquals(made.parent_id, "00000000-0000-4000-8000-0000000000fe");
  assertEquals(made.ts, "2024-01-02T03:04:05.500000Z");
});

Deno.test("createEvent freezes the event and does not keep the caller's payload", () => {
  const payload = { list: [1] };
  const made = event({ payload });
  payload.list.push(2);
  assertEquals(made.payload, { list: [1] });
  assert(Object.isFrozen(made));
  assert(Object.isFrozen(made.payload.list));
  const loose = made as { type: string };
  assertThrows(() => loose.type = "data.x", TypeError);
});

Deno.test("lesson 15: createEvent fixes the text, whatever happens to the payload", () => {
  const payload: Record<string, unknown> = { a: 1 };
  const made = event({ payload });
  const text = serializeEvent(made);
  payload.a = 2;
  assertEquals(serializeEvent(made), text);
});

Deno.test("createEvent refuses fields that events do not have, and names them", () => {
  const init = { ...OF, traceId: OF.trace_id } as EventInit;
  const { message } = assertCode("invalid_event", () => createEvent(init));
  assertStringIncludes(message, '"traceId"');
  assertStringIncludes(message, "trace_id");
});

Deno.test("createEvent refuses what is no object", () => {
  for (const init of [undefined, null, 1, "text"]) {
    assertThrows(() => createEvent(init as unknown as EventInit), TypeError);
  }
});

Deno.test("createEvent names the field that breaks a rule, for each field", () => {
  const broken: Record<string, unknown> = {
    event_id: "x",
    trace_id: "x",
    task_id: "x",
    parent_id: "x",
    type: "x",
    ts: "x",
    source: 1,
    payload: 1,
    schema_version: "x",
    prev_hash: "x",
    hash: "x",
    sig: "x",
  };
  for (const [field, value] of Object.entries(broken)) {
    const init = { ...OF, [field]: value } as EventInit;
    const { message } = assertCode("invalid_event", () => createEvent(init));
    assertStringIncludes(message, `: ${field} is `);
  }
});

Deno.test("createEvent's text comes back the same from parseEvent", () => {
  fc.assert(
    fc.property(anyPayload, anyText, (payload, text) => {
      fc.pre(!text.includes("\x1f"));
      const made = event({ payload, source: text, type: `data.${text}` });
      const back = parseEvent(serializeEvent(made));
      assertEquals(serializeEvent(back), serializeEvent(made));
      assertEquals(JSON.parse(serializeEvent(made)).source, text);
    }),
    RUNS,
  );
});

Deno.test("admitEvent lets in what createEvent and parseEvent made as it is", () => {
  const made = event();
  assert(admitEvent(made) === made);
  const read = parseEvent(serializeEvent(made));
  assert(admitEvent(read) === read);
});

Deno.test("admitEvent checks and copies any other object of an event's shape", () => {
  const made = event({ payload: { a: 1 } });
  const copy = structuredClone(made);
  const admitted = admitEvent(copy);
  assert(admitted !== copy && Object.isFrozen(admitted));
  assertEquals(serializeEvent(admitted), serializeEvent(made));
  const spoilt = { ...made, type: "tool.call" };
  assertCode("invalid_event", () => admitEvent(spoilt));
});

Deno.test("admitEvent refuses what is no object as no event", () => {
  for (const value of [undefined, null, 1, "{}", true]) {
    const error = assertCode(
      "invalid_event",
      () => admitEvent(value as unknown as Event),
    );
    assertStringIncludes(error.message, "object");
  }
});
