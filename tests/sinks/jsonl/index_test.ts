import { assert, assertEquals } from "@std/assert";
import type { SinkError } from "../../../sinks/mod.ts";
import { JsonlSink } from "../../../sinks/jsonl_sink.ts";
import {
  assertHolds,
  errno,
  sample,
  upTo,
  uuid,
  watchedOps,
  withFolder,
} from "./_helpers.ts";

const OPTIONS = { maxBytes: 1100, rememberedParts: 64 };

/** A log of some parts, with a trace that occurs in the first of them alone. */
async function rotated(log: string): Promise<void> {
  await using sink = new JsonlSink(log, OPTIONS);
  await sink.append(sample(1, { trace_id: uuid(500) }));
  for (let n = 2; n <= 9; n++) await sink.append(sample(n));
}

/** Asserts that ids and heads of rotated parts are known. */
async function assertKnown(log: string): Promise<void> {
  {
    await using sink = new JsonlSink(log, OPTIONS);
    for (const n of [2, 5, 9]) {
      assertEquals((await sink.append(sample(n))).seq, n);
    }
    const [first] = await sink.query({ trace_id: uuid(500) });
    const next = await sink.append(sample(10, { trace_id: uuid(500) }));
    assertEquals(next.event.prev_hash, first!.event.hash);
    await assertHolds(sink, upTo(10));
  }
  // Opened again, the index is whole and no part needs to be read.
  const opened: string[] = [];
  const fileOps = watchedOps(({ op, path }) => {
    if (op === "open") opened.push(path);
  });
  await using sink = new JsonlSink(log, { ...OPTIONS, fileOps });
  await sink.open();
  const parts = opened.filter((path) => /\d{12}-\d{12}/.test(path));
  // The newest part's length is compared with what the index says.
  assert(parts.length <= 1, parts.join());
}

Deno.test("JsonlSink builds the index anew where it is missing", async () => {
  await withFolder(async (_folder, log) => {
    await rotated(log);
    await Deno.remove(`${log}.index`);
    await assertKnown(log);
  });
});

Deno.test("JsonlSink builds the index anew where a bit of it has flipped", async () => {
  await withFolder(async (_folder, log) => {
    await rotated(log);
    const index = await Deno.readFile(`${log}.index`);
    // One in the heads, one in the ids, one in the footer, one in the digest.
    const places = [20, 200, index.length - 60, index.length - 5];
    for (const at of places) {
      const damaged = index.slice();
      damaged[at]! ^= 4;
      await Deno.writeFile(`${log}.index`, damaged);
      await using sink = new JsonlSink(log, OPTIONS);
      await sink.append(sample(2));
      await assertHolds(sink, upTo(9));
      await sink.close();
      assertEquals((await Deno.stat(`${log}.index`)).size, index.length);
    }
    await assertKnown(log);
  });
});

Deno.test("JsonlSink builds the index anew where it is cut short or empty", async () => {
  await withFolder(async (_folder, log) => {
    await rotated(log);
    const index = await Deno.readFile(`${log}.index`);
    for (const length of [0, 1, 31, 32, 1000, index.length - 1]) {
      await Deno.writeFile(`${log}.index`, index.subarray(0, length));
      await using sink = new JsonlSink(log, OPTIONS);
      await sink.append(sample(2));
      await assertHolds(sink, upTo(9));
    }
    await assertKnown(log);
  });
});

Deno.test("JsonlSink brings an index up to date that an earlier state of the log has left", async () => {
  await withFolder(async (_folder, log) => {
    {
      await using sink = new JsonlSink(log, OPTIONS);
      await sink.append(sample(1, { trace_id: uuid(500) }));
      for (let n = 2; n <= 5; n++) await sink.append(sample(n));
    }
    const stale = await Deno.readFile(`${log}.index`);
    {
      await using sink = new JsonlSink(log, OPTIONS);
      for (let n = 6; n <= 9; n++) await sink.append(sample(n));
    }
    await Deno.writeFile(`${log}.index`, stale);
    await assertKnown(log);
  });
});

Deno.test("JsonlSink does not trust the index of another log", async () => {
  await withFolder(async (folder, log) => {
    await rotated(log);
    const other = `${folder}/other.jsonl`;
    {
      await using sink = new JsonlSink(other, OPTIONS);
      for (let n = 1; n <= 9; n++) {
        const payload = { n, other: true };
        await sink.append(sample(100 + n, { payload }));
      }
    }
    await Deno.copyFile(`${other}.index`, `${log}.index`);
    await assertKnown(log);
  });
});

Deno.test("JsonlSink knows heads and ids while the index cannot be written", async () => {
  await withFolder(async (_folder, log) => {
    const errors: SinkError[] = [];
    const fileOps = watchedOps(({ op, path }) => {
      if (op === "open" && path.endsWith(".index.tmp")) throw errno("EIO");
    });
    {
      await using sink = new JsonlSink(log, {
        ...OPTIONS,
        fileOps,
        onBackgroundError: (error) => errors.push(error),
      });
      await sink.append(sample(1, { trace_id: uuid(500) }));
      for (let n = 2; n <= 9; n++) await sink.append(sample(n));
      assertEquals((await sink.append(sample(2))).seq, 2);
      await assertHolds(sink, upTo(9));
    }
    assert(errors.length > 0);
    assertEquals(errors[0]!.code, "io");
    await assertKnown(log);
  });
});
