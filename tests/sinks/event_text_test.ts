import { assert, assertEquals } from "@std/assert";
import { parseEvent, serializeEvent } from "../../sinks/mod.ts";
import {
  headText,
  makeEvent,
  tailText,
  textOf,
  UNLINKED,
  wholeText,
} from "../../sinks/_event_text.ts";
import { event, eventText } from "./_samples.ts";

const HASH = "0123456789abcdef".repeat(4);

Deno.test("headText, the payload and tailText make up the stored text", () => {
  const made = event({ payload: { a: 1 }, source: 'quo"ted' });
  const linked = { prev_hash: HASH, hash: HASH, sig: HASH };
  for (const chain of [UNLINKED, linked]) {
    const text = `${headText(made)}{"a":1}${tailText(1, chain)}`;
    assertEquals(wholeText(made, chain), text);
    const { prev_hash, hash, sig } = JSON.parse(text);
    assertEquals({ prev_hash, hash, sig }, chain);
  }
  assertEquals(wholeText(made, UNLINKED), serializeEvent(made));
});

Deno.test("makeEvent freezes an event that remembers its text", () => {
  const source = new Map();
  const made = makeEvent(event(), UNLINKED, { source });
  assert(Object.isFrozen(made));
  assertEquals(textOf(made)?.source, source);
  assertEquals(Reflect.ownKeys(made), Reflect.ownKeys(event()));
  assertEquals(Object.getPrototypeOf(made), Object.prototype);
});

Deno.test("textOf knows nothing of an object from elsewhere", () => {
  assertEquals(textOf({ ...event() }), undefined);
  assertEquals(textOf(structuredClone(event())), undefined);
});

Deno.test("textOf remembers a source only where JS cannot say the same", () => {
  const plain = parseEvent(eventText({ payload: '{ "a": 1 }' }));
  assertEquals(textOf(plain)?.source, undefined);
  const foreign = parseEvent(eventText({ payload: '{"a":1.0}' }));
  assert(textOf(foreign)?.source instanceof Map);
});
