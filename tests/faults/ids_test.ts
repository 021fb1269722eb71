import { assertEquals } from "@std/assert";
import {
  createEvent,
  type Event,
  MemorySink,
  parseEvent,
  serializeEvent,
  SinkError,
} from "../../sinks/mod.ts";
import { nameOf, openLog, SOME, withFolder } from "./_logs.ts";
import { assertRejects } from "@std/assert";

const ID = "0190163d-8694-739b-aea5-966c26f8ad90";
const TRACE = "0190163d-8694-739b-aea5-966c26f8ad91";

/** The spellings of a UUID that are read; all of them are one identity. */
const SPELLINGS: Record<string, (id: string) => string> = {
  "upper case": (id) => id.toUpperCase(),
  "no hyphens": (id) => id.replaceAll("-", ""),
  "braces": (id) => `{${id.toUpperCase()}}`,
  "a URN": (id) => `urn:uuid:${id.toUpperCase()}`,
};

function event(spell: (id: string) => string, n = 1): Event {
  return createEvent({
    event_id: spell(ID),
    trace_id: spell(TRACE),
    task_id: spell(TRACE),
    type: "harness.step",
    source: "faults",
    ts: "2024-01-02T03:04:05Z",
    payload: { n },
  });
}

const SINKS = [
  ...SOME.map((variant) => ({
    name: nameOf(variant),
    open: (path: string) => openLog(path, variant),
  })),
  { name: "MemorySink", open: () => Promise.resolve(new MemorySink()) },
];

for (const { name, open } of SINKS) {
  Deno.test(`ids in the wrong case: ${name} takes every spelling for one identity`, async () => {
    await withFolder(async (folder) => {
      await using sink = await open(`${folder}/log`);
      const stored = await sink.append(event((id) => id));
      assertEquals(stored.event.event_id, ID);
      for (const spell of Object.values(SPELLINGS)) {
        assertEquals(await sink.append(event(spell)), stored);
        const raw = serializeEvent(event((id) => id)).replaceAll(ID, spell(ID))
          .replaceAll(TRACE, spell(TRACE));
        assertEquals(await sink.append(parseEvent(raw)), stored);
        const error = await assertRejects(
          () => sink.append(event(spell, 2)),
          SinkError,
        );
        assertEquals(error.code, "duplicate_id");
        assertEquals(await sink.count({ trace_id: spell(TRACE) }), 1);
        assertEquals(await sink.query({ event_id: spell(ID) }), [stored]);
      }
      assertEquals(await sink.count(), 1);
    });
  });
}
