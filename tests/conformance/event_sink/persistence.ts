import { assert, assertEquals } from "@std/assert";
import { SinkError, type StoredEvent } from "../../../sinks/mod.ts";
import type { EventSinkRule } from "./rule.ts";
import {
  assertCode,
  assertLog,
  plain,
  sample,
  samples,
  SIGN_KEY,
  TRACE_B,
  uuid,
} from "./samples.ts";

const EVENTS = [
  ...samples(3),
  ...samples(3, { trace_id: TRACE_B, source: "télé\0" }),
];

/** What is there again after `close` and a new open. */
export const PERSISTENCE: readonly EventSinkRule[] = [
  {
    name: "keeps the log, to the letter, when opened again",
    needs: "persistence",
    check: async ({ open }) => {
      const first = await open();
      const stored = await first.appendAll(EVENTS);
      await first.close();
      for (let n = 0; n < 3; n++) {
        const again = await open();
        assertEquals(await assertLog(again, EVENTS), stored);
        await again.close();
      }
    },
  },
  {
    name: "goes on with numbers and chains when opened again",
    needs: "persistence",
    check: async ({ open }) => {
      const stored: StoredEvent[] = [];
      for (let n = 0; n < 4; n++) {
        const sink = await open();
        stored.push(await sink.append(sample({ trace_id: uuid(n) })));
        const next = [...samples(2), sample({ trace_id: TRACE_B })];
        stored.push(...await sink.appendAll(next));
        await sink.close();
      }
      const events = stored.map(({ event }) => event);
      assertEquals(await assertLog(await open(), events), stored);
    },
  },
  {
    name: "lesson 4: knows stored ids when opened again",
    needs: "persistence",
    check: async ({ open }) => {
      const first = await open();
      const stored = await first.appendAll(EVENTS);
      await first.close();
      const again = await open();
      for (const [n, event] of EVENTS.entries()) {
        assertEquals(await again.append(plain(event)), stored[n]);
        const other = { ...plain(event), type: "harness.other" };
        await assertCode("duplicate_id", () => again.append(other));
      }
      assertEquals(await again.appendAll(EVENTS), stored);
      await assertLog(again, EVENTS);
    },
  },
  {
    name: "keeps signatures when opened again, with and without the key",
    needs: "persistence",
    check: async ({ open }) => {
      const first = await open({ signKey: SIGN_KEY });
      const [signed] = await first.appendAll(samples(1));
      await first.close();
      const second = await open();
      assertEquals(await second.query(), [signed]);
      const unsigned = await second.append(sample());
      assertEquals(unsigned.event.sig, null);
      await second.close();
      const third = await open({ signKey: SIGN_KEY });
      assertEquals(await third.query(), [signed, unsigned]);
    },
  },
  {
    name: "refuses a second open while the first is there, as it says",
    needs: "persistence",
    unless: "sharedWriters",
    check: async ({ open }) => {
      const first = await open();
      await first.append(EVENTS[0]!);
      const error = await open().then(() => undefined, (error) => error);
      assert(error instanceof SinkError, `got ${error}`);
      assert(["locked", "unsafe_sqlite"].includes(error.code), error.code);
      await first.append(EVENTS[1]!);
      await first.close();
      await assertLog(await open(), EVENTS.slice(0, 2));
    },
  },
];
