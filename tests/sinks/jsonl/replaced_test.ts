import { assertEquals } from "@std/assert";
import { JsonlSink } from "../../../sinks/jsonl_sink.ts";
import {
  assertHolds,
  lines,
  numbers,
  sample,
  samples,
  seqs,
  upTo,
  watchedOps,
  withFolder,
} from "./_helpers.ts";

Deno.test("lesson 18: JsonlSink writes to the new file when the log has been moved away", async () => {
  await withFolder(async (_folder, log) => {
    await using sink = new JsonlSink(log);
    await sink.appendAll(samples(3));
    const old = await Deno.readFile(log);
    await Deno.rename(log, `${log}.1`);
    // As at an open: what is not in the log any more is new to it.
    const stored = await sink.append(sample(3));
    assertEquals([stored.seq, stored.event.prev_hash], [1, null]);
    assertEquals(await Deno.readFile(`${log}.1`), old);
    await assertHolds(sink, [3]);
    assertEquals(await Deno.readTextFile(log), lines(await sink.query()));
  });
});

Deno.test("lesson 18: JsonlSink goes on in a file that has taken the log's name", async () => {
  await withFolder(async (folder, log) => {
    const other = `${folder}/other.jsonl`;
    {
      await using sink = new JsonlSink(other);
      await sink.appendAll(samples(2, 50));
    }
    await using sink = new JsonlSink(log);
    await sink.appendAll(samples(3));
    await Deno.rename(other, log);
    assertEquals(numbers(await sink.query()), [50, 51]);
    assertEquals((await sink.append(sample(51))).seq, 2);
    assertEquals((await sink.append(sample(52))).seq, 3);
    await assertHolds(sink, [50, 51, 52]);
  });
});

Deno.test("lesson 18: JsonlSink sees that the log was cut in place, as copytruncate does", async () => {
  await withFolder(async (_folder, log) => {
    await using sink = new JsonlSink(log);
    await sink.appendAll(samples(3));
    await Deno.truncate(log, 0);
    assertEquals(await sink.count(), 0);
    await sink.append(sample(4));
    await assertHolds(sink, [4]);
  });
});

Deno.test("lesson 18: JsonlSink takes in a line that another program has added", async () => {
  await withFolder(async (_folder, log) => {
    await using sink = new JsonlSink(log);
    await sink.appendAll(samples(2));
    const line = lines([{ seq: 0, event: sample(3) }]);
    await Deno.writeTextFile(log, line, { append: true });
    assertEquals((await sink.append(sample(3))).seq, 3);
    assertEquals((await sink.append(sample(4))).seq, 4);
    assertEquals(numbers(await sink.query()), upTo(4));
  });
});

Deno.test("lesson 18: JsonlSink acknowledges nothing that went to a file without a name", async () => {
  const wayOf: Record<string, (log: string) => Promise<void>> = {
    removed: (log) => Deno.remove(log),
    renamed: (log) => Deno.rename(log, `${log}.1`),
    cut: (log) => Deno.truncate(log, 0),
    replaced: (log) =>
      Deno.writeTextFile(`${log}.new`, "").then(() =>
        Deno.rename(`${log}.new`, log)
      ),
  };
  for (const [way, change] of Object.entries(wayOf)) {
    for (const when of ["write", "syncData"]) {
      await withFolder(async (_folder, log) => {
        let isArmed = false;
        const fileOps = watchedOps(async ({ op, path }) => {
          if (op !== when || path !== log || !isArmed) return;
          isArmed = false;
          await change(log);
        });
        await using sink = new JsonlSink(log, { fileOps });
        await sink.appendAll(samples(2));
        isArmed = true;
        await sink.append(sample(3));
        const text = await Deno.readTextFile(log);
        assertEquals(
          text,
          lines(await sink.query()),
          `${way} before ${when}`,
        );
        assertEquals(numbers(await sink.query()), [3]);
      });
    }
  }
});

Deno.test("JsonlSink lets streams that follow go on at the first line of a new file", async () => {
  await withFolder(async (_folder, log) => {
    const sink = new JsonlSink(log);
    await sink.appendAll(samples(3));
    const stream = sink.stream({}, { follow: true });
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { value } = await stream.next();
      seen.push(...numbers([value!]));
    }
    await Deno.remove(log);
    await sink.append(sample(7));
    await sink.append(sample(8));
    await sink.close();
    for await (const stored of stream) seen.push(...numbers([stored]));
    assertEquals(seen, [1, 2, 3, 7, 8]);
  });
});

Deno.test("JsonlSink numbers a new file behind the rotated parts", async () => {
  await withFolder(async (_folder, log) => {
    await using sink = new JsonlSink(log, { maxBytes: 1100 });
    for (const event of samples(3)) await sink.append(event);
    await Deno.remove(log);
    assertEquals((await sink.append(sample(3))).seq, 3);
    assertEquals((await sink.append(sample(4))).seq, 4);
    assertEquals(seqs(await sink.query()), [1, 2, 3, 4]);
    await assertHolds(sink, upTo(4));
  });
});
