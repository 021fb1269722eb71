import { assert, assertEquals } from "@std/assert";
import { parseEvent, serializeEvent } from "../../sinks/mod.ts";
import {
  coreText,
  joinText,
  makeEvent,
  textOf,
  UNLINKED,
} from "../../sinks/_event_text.ts";
import { event, eventText } from "./_samples.ts";

const HASH = "0123456789abcdef".repeat(4);

Deno.test("coreText and joinText are the two parts of the stored text", () => {
  const made = event({ payload: { a: 1 }, source: 'quo"ted' });
  const core = coreText(made, '{"a":1}');
  assertEquals(joinText(core, UNLINKED), serializeEvent(made));
  const linked = { prev_hash: HASH, hash: HASH, sig: HASH };
  const { prev_hash, hash, sig } = JSON.parse(joinText(core, linked));
  assertEquals({ prev_hash, hash, sig }, linked);
});

Deno.test("makeEvent freezes an event that remembers its text", () => {
  const made = makeEvent(event(), UNLINKED, { core: "the text" });
  assert(Object.isFrozen(made));
  assertEquals(textOf(made)?.core, "the text");
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
