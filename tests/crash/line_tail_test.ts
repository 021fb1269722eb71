import { assert, assertEquals } from "@std/assert";
import { JsonlSink } from "../../sinks/jsonl_sink.ts";
import {
  createEvent,
  type Event,
  serializeEvent,
  verifyLog,
} from "../../sinks/mod.ts";
import { IS_LONG, Random, sized, withFolder } from "./_form.ts";
import { reportRow } from "./_report.ts";
import { appendWithTasks, makeEvent, traceId } from "./_workload.ts";

const KEY = new Uint8Array(32).fill(9);
const NEWLINE = 10;

/** A log as the sink writes it. */
interface Written {
  readonly bytes: Uint8Array;
  readonly events: readonly Event[];
  /** Where each line begins. */
  readonly starts: readonly number[];
}

/** Two events with all that JSON can hold: escapes, numbers, long characters. */
function rich(): Event[] {
  return ["ffff", "1111"].map((digits) =>
    createEvent({
      trace_id: traceId(0),
      task_id: traceId(1),
      parent_id: `00000000-0000-4000-8000-00000000${digits}`,
      type: "data.page",
      source: "☕",
      payload: {
        text: 'ünï 🙂 \u0001\b\\"/',
        numbers: [0, -1.5, 1e21, 1e-7, 9007199254740991],
        ctx: { a: true, b: null, c: [[], {}] },
      },
    })
  );
}

/** Appends with many tasks, then two events that are to be damaged. */
async function write(folder: string, random: Random): Promise<Written> {
  const path = `${folder}/written`;
  await using sink = new JsonlSink(path, { signKey: KEY });
  let count = 0;
  await appendWithTasks(sink, random, () => count >= 16, () => count++);
  for (const event of rich()) await sink.append(event);
  const bytes = await Deno.readFile(path);
  const ends = Array.from(bytes.keys()).filter((at) => bytes[at] === NEWLINE);
  const events = (await sink.query()).map(({ event }) => event);
  assertEquals(ends.length, events.length);
  const starts = [0, ...ends.map((end) => end + 1)].slice(0, -1);
  return { bytes, events, starts };
}

/** A damaged log in a folder of its own, opened. */
async function withDamaged(
  bytes: Uint8Array,
  look: (sink: JsonlSink, corrupt: (number | undefined)[]) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const path = `${folder}/log`;
    await Deno.writeFile(path, bytes);
    const corrupt: (number | undefined)[] = [];
    await using sink = new JsonlSink(path, {
      signKey: KEY,
      onCorrupt: ({ seq }) => corrupt.push(seq),
    });
    await look(sink, corrupt);
  });
}

/** Every text that the log can be read as, in order. */
async function texts(sink: JsonlSink): Promise<string[]> {
  return (await sink.query()).map(({ event }) => serializeEvent(event));
}

Deno.test("lesson 13: JsonlSink mends a log that is cut at any byte of its last two lines", async () => {
  await withFolder(async (folder) => {
    const random = Random.of("lines: cut");
    const { bytes, events, starts } = await write(folder, random);
    const written = events.map(serializeEvent);
    let tried = 0;
    for (let cut = starts.at(-2)!; cut <= bytes.length; cut++) {
      const isAtEnd = cut >= bytes.length - 1 || bytes[cut] === NEWLINE ||
        bytes[cut - 1] === NEWLINE;
      if (!IS_LONG && !isAtEnd && cut % 10 !== 0) continue;
      tried++;
      // A line that lacks no more than its newline is whole.
      const isWhole = bytes[cut] === NEWLINE || bytes[cut - 1] === NEWLINE;
      const lines = bytes.subarray(0, isWhole ? cut + 1 : cut)
        .filter((byte) => byte === NEWLINE).length;
      const torn = isWhole
        ? []
        : [bytes.slice(bytes.lastIndexOf(NEWLINE, cut - 1) + 1, cut)];
      await withDamaged(bytes.subarray(0, cut), async (sink, corrupt) => {
        const kept = written.slice(0, lines);
        assertEquals(await texts(sink), kept, `cut at byte ${cut}`);
        const next = await sink.append(makeEvent(traceId(0), random));
        assertEquals(next.seq, lines + 1);
        const { violations } = await verifyLog(sink, { key: KEY });
        assertEquals([violations, corrupt], [[], []]);
        const aside = sink.tornFiles.map((path) => Deno.readFileSync(path));
        assertEquals(aside, torn, "what was cut off is kept beside the log");
      });
    }
    reportRow("JsonlSink, cut", 1, tried, tried);
  });
});

Deno.test("lesson 13: JsonlSink names each line of the last two in which any byte is damaged", async () => {
  await withFolder(async (folder) => {
    const random = Random.of("lines: flip");
    const { bytes, events, starts } = await write(folder, random);
    const written = events.map(serializeEvent);
    const outcomes = { corrupt: 0, violation: 0, aside: 0, same: 0 };
    const bits = sized(1, 3);
    for (let at = starts.at(-2)!; at < bytes.length; at++) {
      const isNear = bytes[at] === NEWLINE || bytes[at - 1] === NEWLINE;
      if (!IS_LONG && !isNear && at % 10 !== 0) continue;
      for (let n = 0; n < bits; n++) {
        const damaged = bytes.slice();
        damaged[at]! ^= 1 << ((at + n * 3) % 8);
        await withDamaged(damaged, async (sink, corrupt) => {
          const found = new Map(
            (await sink.query()).map((each) => [each.event.event_id, each]),
          );
          const { violations, unlinked } = await verifyLog(sink, { key: KEY });
          assertEquals(unlinked, 0);
          if (corrupt.length > 0) outcomes.corrupt++;
          else if (violations.length > 0) outcomes.violation++;
          else if (sink.tornFiles.length > 0) outcomes.aside++;
          else outcomes.same++;
          const named = [...corrupt, ...violations.map(({ seq }) => seq)];
          events.forEach(({ event_id }, i) => {
            const stored = found.get(event_id);
            // As written, or as good as: a key's hex digit in upper case, say.
            if (stored && serializeEvent(stored.event) === written[i]) return;
            const isAside = sink.tornFiles.length > 0 &&
              i === events.length - 1;
            // Without the newline before it, it is part of the line before.
            const line = at === starts[i]! - 1 ? i : i + 1;
            assert(
              isAside || named.includes(line),
              `line ${i + 1} is gone or changed, and nobody says so: ` +
                `byte ${at}, bit ${(at + n * 3) % 8}`,
            );
          });
          // What was damaged keeps nobody from appending behind it.
          const next = makeEvent(traceId(0), random);
          const { seq } = await sink.append(next);
          const [last] = await sink.query({ event_id: next.event_id });
          assertEquals(last?.seq, seq);
        });
      }
    }
    const tried = Object.values(outcomes).reduce((sum, count) => sum + count);
    reportRow(
      "JsonlSink, flip",
      1,
      tried,
      Object.entries(outcomes).map(([what, n]) => `${what} ${n}`).join(", "),
    );
  });
});
