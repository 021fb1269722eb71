// Random logs, copied in random pieces, over random deaths and into targets that
// hold other things; and random edits, of which none may get through.
import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import {
  copyLog,
  type Event,
  type EventSink,
  linkEvent,
  MemorySink,
  serializeEvent,
  SinkError,
  SqliteSink,
  verifyLog,
} from "../../sinks/mod.ts";
import { JsonlSink } from "../../sinks/jsonl_sink.ts";
import { unlinked } from "../fakes/broken_sinks/breach.ts";
import { event, id } from "./_chains.ts";
import {
  FakeLog,
  foreignEvent,
  FORGETFUL,
  textsOf,
  unlinkedText,
  withFolder,
} from "./_copies.ts";

/** The trace of each event; in those from 6 on, nothing has a chain. */
const anyTraces = fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 60 });

/** One attempt at copying. */
const anyAttempt = fc.record({
  batchSize: fc.integer({ min: 1, max: 12 }),
  tracesMax: fc.constantFrom(1, 2, 4, 1_000),
  /** After how many batches it is killed, if it takes so many. */
  kill: fc.integer({ min: 1, max: 6 }),
  /** How many of the noted places have been lost. */
  lost: fc.nat({ max: 3 }),
  /** Whether it begins anew all the same. */
  anew: fc.boolean(),
});

const openTarget: Record<string, (path: string) => Promise<EventSink>> = {
  MemorySink: () => Promise.resolve(new MemorySink()),
  JsonlSink: (path) => Promise.resolve(new JsonlSink(path, FORGETFUL)),
  SqliteSink: () => SqliteSink.open(":memory:", { driver: "builtin" }),
};

function logOf(traces: readonly number[]): Event[] {
  const heads = new Map<number, string | null>();
  return traces.map((trace, i) => {
    const made = i % 4 === 1
      ? foreignEvent(trace)
      : event(trace, { payload: { i } });
    if (trace > 5) return made;
    const linked = linkEvent(made, heads.get(trace) ?? null);
    heads.set(trace, linked.hash);
    return linked;
  });
}

for (const [name, open] of Object.entries(openTarget)) {
  Deno.test(`copyLog copies any log once and whole, whatever interrupts it (to ${name})`, async () => {
    await withFolder(async (folder) => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          anyTraces,
          fc.nat({ max: 4 }),
          fc.array(anyAttempt, { maxLength: 4 }),
          async (traces, others, attempts) => {
            const log = logOf(traces);
            const from = new FakeLog(log);
            await using to = await open(`${folder}/${run++}`);
            for (let i = 0; i < others; i++) await to.append(event(100 + i));
            const noted = [0];
            for (const { kill, lost, anew, ...rest } of attempts) {
              let batches = 0;
              const resumeFrom = anew ? 0 : noted.at(-1 - lost) ?? 0;
              const copying = copyLog(from, to, {
                ...rest,
                resumeFrom,
                onProgress: ({ seq, copied, present, events }) => {
                  assertEquals(copied + present, events);
                  assertEquals(seq, resumeFrom + events);
                  noted.push(seq);
                  if (++batches === kill) throw new Error("killed");
                },
              });
              await copying.catch((error: Error) => {
                if (error.message !== "killed") throw error;
              });
            }
            const had = await to.count() - others;
            const { events, copied, present, linked, moved } = await copyLog(
              from,
              to,
            );
            const bare = traces.filter((trace) => trace > 5).length;
            assertEquals(
              { events, copied, present, linked, moved },
              {
                events: log.length,
                copied: log.length - had,
                present: had,
                linked: bare,
                moved: 0,
              },
            );
            const texts = (await textsOf(to)).slice(others);
            assertEquals(
              texts.map((text, i) =>
                traces[i]! > 5 ? unlinkedText(text) : text
              ),
              log.map(serializeEvent),
            );
            const report = await verifyLog(to);
            assertEquals([report.violations, report.unlinked], [[], 0]);
          },
        ),
        { numRuns: name === "MemorySink" ? 150 : 20 },
      );
    });
  });
}

/** What an editor may do to one event of a log. */
const EDITS: Record<string, (log: Event[], at: number) => void> = {
  payload: (log, at) => log[at] = { ...log[at]!, payload: { edited: true } },
  task: (log, at) => log[at] = { ...log[at]!, task_id: id(5) },
  trace: (log, at) => log[at] = { ...log[at]!, trace_id: id(77) },
  hash: (log, at) => log[at] = { ...log[at]!, hash: "0".repeat(64) },
  prev: (log, at) => log[at] = { ...log[at]!, prev_hash: "0".repeat(64) },
  stripped: (log, at) => log[at] = unlinked(log[at]!),
  removed: (log, at) => void log.splice(at, 1),
  twice: (log, at) => void log.splice(at, 0, log[at]!),
};

Deno.test("copyLog lets no edit of a chain through, and copies only what is before it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 40 }),
      fc.nat(),
      fc.constantFrom(...Object.keys(EDITS)),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(1, 2, 1_000),
      async (traces, where, edit, batchSize, tracesMax) => {
        const log = logOf(traces);
        const at = where % log.length;
        const { trace_id } = log[at]!;
        EDITS[edit]!(log, at);
        // A trace's last events may be cut off, or its first stripped, without
        // that its chain shows it; anchors do.
        const rest = log.slice(at).filter((each) => each.trace_id === trace_id);
        const isFirst = !log.slice(0, at).some((each) =>
          each.trace_id === trace_id
        );
        fc.pre(edit !== "removed" || rest.length > 0);
        fc.pre(edit !== "stripped" || !isFirst || rest.length > 1);
        await using to = new MemorySink();
        const options = { batchSize, tracesMax };
        const from = new FakeLog(log);
        const error = await assertRejects(
          () => copyLog(from, to, options),
          SinkError,
        );
        assertEquals(error.code, "broken_link", error.message);
        assert(error.seq !== undefined && error.seq > at, error.message);
        const copied = Math.floor((error.seq - 1) / batchSize) * batchSize;
        assertEquals(await to.count(), copied);
        assert(error.message.includes(`resumeFrom: ${copied}`), error.message);
      },
    ),
    { numRuns: 300 },
  );
});
