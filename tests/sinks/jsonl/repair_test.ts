import { assert, assertEquals } from "@std/assert";
import { serializeEvent } from "../../../sinks/mod.ts";
import { JsonlSink } from "../../../sinks/jsonl_sink.ts";
import type { SinkError } from "../../../sinks/mod.ts";
import {
  assertHolds,
  lines,
  names,
  numbers,
  present,
  rejectsWith,
  sample,
  samples,
  seqs,
  withFolder,
} from "./_helpers.ts";

const encoder = new TextEncoder();

/** The bytes of a log of some events, as the sink writes them. */
async function written(log: string, count: number): Promise<Uint8Array> {
  await using sink = new JsonlSink(log);
  await sink.appendAll(samples(count - 1));
  await sink.append(sample(count, { payload: { drink: "☕ ünï 🙂" } }));
  return await Deno.readFile(log);
}

Deno.test("lesson 13: JsonlSink mends a last line that is cut inside a UTF-8 character", async () => {
  await withFolder(async (folder, log) => {
    const whole = await written(log, 2);
    const cut = whole.lastIndexOf(0xf0) + 2;
    await Deno.writeFile(log, whole.subarray(0, cut));
    await using sink = new JsonlSink(log);
    await sink.open();
    assertEquals(sink.tornFiles, [`${log}.torn-1`]);
    assert(names(folder).includes("run.jsonl.torn-1"));
    const start = whole.indexOf(10) + 1;
    assertEquals(
      await Deno.readFile(`${log}.torn-1`),
      whole.slice(start, cut),
    );
    await sink.append(sample(2));
    await assertHolds(sink, [1, 2]);
  });
});

Deno.test("lesson 13: JsonlSink keeps a whole record that lacks only its newline", async () => {
  await withFolder(async (folder, log) => {
    const whole = await written(log, 2);
    await Deno.writeFile(log, whole.subarray(0, -1));
    {
      await using sink = new JsonlSink(log);
      assertEquals(numbers(await sink.query()), [1, 2]);
    }
    assertEquals(await Deno.readFile(log), whole);
    assert(!names(folder).some((name) => name.includes("torn")));
  });
});

Deno.test("lesson 13: JsonlSink never drops a whole line that is no event", async () => {
  await withFolder(async (_folder, log) => {
    const whole = new TextDecoder().decode(await written(log, 2));
    const [first, second] = whole.split("\n") as [string, string];
    const broken = [
      "{",
      "",
      '{"event_id":"x"}',
      `${first}${second}`,
      "\ufeff{}",
    ];
    const text = [first, ...broken, second, "nor this", ""].join("\n");
    await Deno.writeTextFile(log, text);
    {
      await using sink = new JsonlSink(log);
      const error = await rejectsWith(sink.query(), "corrupt_line", "seq 2");
      assertEquals(error.seq, 2);
      await rejectsWith(sink.count(), "corrupt_line");
      await rejectsWith(Array.fromAsync(sink.stream()), "corrupt_line");
      assertEquals(numbers(await sink.query({}, { limit: 1 })), [1]);
      // Appending works, and the chain goes on where it can be read.
      const stored = await sink.append(sample(3));
      assertEquals(stored.seq, 9);
    }
    const reported: SinkError[] = [];
    await using sink = new JsonlSink(log, {
      onCorrupt: (error) => reported.push(error),
    });
    const stored = await sink.query();
    assertEquals(numbers(stored), [1, 2, 3]);
    assertEquals(seqs(stored), [1, 7, 9]);
    assertEquals(stored[2]!.event.prev_hash, stored[1]!.event.hash);
    assertEquals(reported.map(({ seq }) => seq), [2, 3, 4, 5, 6, 8]);
    assert(reported.every(({ code }) => code === "corrupt_line"));
    const text2 = await Deno.readTextFile(log);
    assert(text2.startsWith(text), "nothing that was there has changed");
  });
});

Deno.test("lesson 5: JsonlSink names a line that is not UTF-8, and its audit goes on past it", async () => {
  await withFolder(async (_folder, log) => {
    const whole = await written(log, 2);
    const bad = Uint8Array.of(0x7b, 0xff, 0x7d, 10);
    await Deno.writeFile(log, new Uint8Array([...bad, ...whole]));
    await using sink = new JsonlSink(log);
    await rejectsWith(sink.query(), "corrupt_line", "not UTF-8");
    const rows = (await Array.fromAsync(sink.audit({ batchSize: 1 }))).flat();
    assertEquals(rows.map(({ seq }) => seq), [1, 2, 3]);
    assertEquals(present(rows[0]).error?.code, "corrupt_line");
    const stored = await sink.query({}, { afterSeq: 1 });
    assertEquals(
      rows.slice(1).map(({ text }) => text),
      stored.map(({ event }) => serializeEvent(event)),
    );
  });
});

Deno.test("lesson 13: JsonlSink numbers each torn tail's file anew", async () => {
  await withFolder(async (_folder, log) => {
    for (const n of [1, 2]) {
      await Deno.writeTextFile(log, `{"torn":${n}`, { append: true });
      await using sink = new JsonlSink(log);
      await sink.append(sample(n));
      assertEquals(sink.tornFiles, [`${log}.torn-${n}`]);
    }
    assertEquals(await Deno.readTextFile(`${log}.torn-1`), '{"torn":1');
    assertEquals(await Deno.readTextFile(`${log}.torn-2`), '{"torn":2');
    await using sink = new JsonlSink(log);
    await assertHolds(sink, [1, 2]);
    assertEquals(await Deno.readTextFile(log), lines(await sink.query()));
  });
});

Deno.test("JsonlSink takes zeros that a power cut has left for a torn tail", async () => {
  await withFolder(async (_folder, log) => {
    const whole = await written(log, 2);
    await Deno.writeFile(
      log,
      new Uint8Array([...whole, ...new Uint8Array(70_000)]),
    );
    await using sink = new JsonlSink(log);
    await sink.append(sample(3));
    await assertHolds(sink, [1, 2, 3]);
    const { size } = await Deno.stat(`${log}.torn-1`);
    assertEquals(size, 70_000);
  });
});

Deno.test("JsonlSink leaves a file alone that is no log", async () => {
  await withFolder(async (folder, log) => {
    const content = encoder.encode("SQLite format 3\0 and so on");
    await Deno.writeFile(log, content);
    await using sink = new JsonlSink(log);
    await rejectsWith(sink.open(), "not_a_log");
    assertEquals(await Deno.readFile(log), content);
    await using onFolder = new JsonlSink(folder);
    await rejectsWith(onFolder.count(), "not_a_log");
  });
});
