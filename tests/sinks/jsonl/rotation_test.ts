import { assert, assertEquals } from "@std/assert";
import type { SinkError } from "../../../sinks/mod.ts";
import { JsonlSink } from "../../../sinks/jsonl_sink.ts";
import {
  assertHolds,
  errno,
  gate,
  lines,
  names,
  numbers,
  rejectsWith,
  sample,
  samples,
  seqs,
  upTo,
  uuid,
  watchedOps,
  withFolder,
} from "./_helpers.ts";

/** Two samples fit into a part of this size. */
const MAX_BYTES = 1100;

async function appendEach(sink: JsonlSink, from: number, to: number) {
  for (let n = from; n <= to; n++) await sink.append(sample(n));
}

async function gunzip(path: string): Promise<string> {
  using file = await Deno.open(path);
  const plain = file.readable.pipeThrough(new DecompressionStream("gzip"));
  return await new Response(plain).text();
}

Deno.test("JsonlSink goes on in a new part, with seqs and chains unbroken", async () => {
  await withFolder(async (folder, log) => {
    {
      await using sink = new JsonlSink(log, { maxBytes: MAX_BYTES });
      await appendEach(sink, 1, 7);
      await assertHolds(sink, upTo(7));
    }
    assertEquals(names(folder), [
      "run.jsonl",
      "run.jsonl.000000000001-000000000002.gz",
      "run.jsonl.000000000003-000000000004.gz",
      "run.jsonl.000000000005-000000000006.gz",
      "run.jsonl.index",
      "run.jsonl.lock",
    ]);
    await using sink = new JsonlSink(log, { maxBytes: MAX_BYTES });
    await sink.append(sample(8));
    await assertHolds(sink, upTo(8));
    let text = "";
    for (const name of names(folder).filter((name) => name.endsWith(".gz"))) {
      text += await gunzip(`${folder}/${name}`);
    }
    text += await Deno.readTextFile(log);
    assertEquals(text, lines(await sink.query()));
  });
});

Deno.test("JsonlSink keeps an appendAll in one part, however long it is", async () => {
  await withFolder(async (folder, log) => {
    await using sink = new JsonlSink(log, { maxBytes: MAX_BYTES });
    await sink.append(sample(1));
    await sink.appendAll(samples(9, 2));
    await sink.append(sample(11));
    await assertHolds(sink, upTo(11));
    await sink.close();
    assertEquals(
      names(folder).filter((name) => name.endsWith(".gz")),
      [
        "run.jsonl.000000000001-000000000001.gz",
        "run.jsonl.000000000002-000000000010.gz",
      ],
    );
  });
});

Deno.test("JsonlSink reads behind any seq, in plain and compressed parts alike", async () => {
  await withFolder(async (_folder, log) => {
    await using sink = new JsonlSink(log, { maxBytes: MAX_BYTES });
    await appendEach(sink, 1, 9);
    for (let afterSeq = 0; afterSeq <= 10; afterSeq++) {
      const stored = await sink.query({}, { afterSeq });
      assertEquals(seqs(stored), upTo(9).slice(afterSeq));
      const some = await sink.query({}, { afterSeq, limit: 2 });
      assertEquals(seqs(some), upTo(9).slice(afterSeq, afterSeq + 2));
    }
  });
});

Deno.test("JsonlSink streams on while parts are rotated and compressed under the reader", async () => {
  await withFolder(async (_folder, log) => {
    await using sink = new JsonlSink(log, { maxBytes: MAX_BYTES });
    await appendEach(sink, 1, 5);
    const seen: number[] = [];
    for await (const { seq } of sink.stream()) {
      seen.push(seq);
      if (seq <= 15) await sink.append(sample(seq + 5));
    }
    assertEquals(seen, upTo(20));
  });
});

Deno.test("JsonlSink follows across rotation without a gap", async () => {
  await withFolder(async (_folder, log) => {
    const sink = new JsonlSink(log, { maxBytes: MAX_BYTES });
    const seen: number[] = [];
    const following = (async () => {
      for await (const { seq } of sink.stream({}, { follow: true })) {
        seen.push(seq);
      }
    })();
    await appendEach(sink, 1, 12);
    await sink.close();
    await following;
    assertEquals(seen, upTo(12));
  });
});

Deno.test("JsonlSink knows the ids of the newest parts, as many as it was told", async () => {
  await withFolder(async (_folder, log) => {
    const options = { maxBytes: MAX_BYTES, rememberedParts: 2 };
    for (const isReopened of [false, true]) {
      if (isReopened) {
        await using sink = new JsonlSink(log, options);
        assertEquals((await sink.append(sample(4))).seq, 4);
        await rejectsWith(
          sink.append(sample(3, { payload: { n: "other" } })),
          "duplicate_id",
          "seq 3",
        );
        // Parts 3-4 and 5-6 are remembered, and 1-2 is not.
        assertEquals((await sink.append(sample(1))).seq, 8);
        continue;
      }
      await using sink = new JsonlSink(log, options);
      await appendEach(sink, 1, 7);
      assertEquals((await sink.append(sample(7))).seq, 7);
      assertEquals((await sink.append(sample(5))).seq, 5);
      assertEquals((await sink.append(sample(3))).seq, 3);
    }
  });
});

Deno.test("lesson 14: JsonlSink chains on from heads that are in the index file alone", async () => {
  await withFolder(async (_folder, log) => {
    const options = { maxBytes: 20_000, rememberedParts: 0 };
    const traces = 200;
    {
      await using sink = new JsonlSink(log, options);
      for (let n = 1; n <= traces; n++) {
        await sink.append(sample(n, { trace_id: uuid(1000 + n) }));
      }
    }
    await using sink = new JsonlSink(log, options);
    for (let n = 1; n <= traces; n++) {
      const event = sample(traces + n, { trace_id: uuid(1000 + n) });
      await sink.append(event);
    }
    await assertHolds(sink, upTo(2 * traces));
    const second = await sink.query({ trace_id: uuid(1001) });
    assertEquals(second[1]!.event.prev_hash, second[0]!.event.hash);
  });
});

/** Everything fails from a call on, as for a process that is no more. */
function dyingOps(dieAt: number): {
  ops: ReturnType<typeof watchedOps>;
  isDead: () => boolean;
} {
  let count = 0;
  const ops = watchedOps(({ op, bytes }) => {
    count++;
    if (count > dieAt) throw errno("EIO");
    if (count < dieAt) return;
    // The last thing that was done may have been done by half.
    if (op === "write" && bytes !== undefined) return bytes.length >> 1;
    throw errno("EIO");
  });
  return { ops, isDead: () => count >= dieAt };
}

Deno.test("JsonlSink recovers from an end at any file operation of rotation, index and compression", async () => {
  let last = 0;
  for (let dieAt = 1;; dieAt++) {
    const { ops, isDead } = dyingOps(dieAt);
    await withFolder(async (folder, log) => {
      const options = { maxBytes: MAX_BYTES, rememberedParts: 64 };
      {
        await using sink = new JsonlSink(log, options);
        await appendEach(sink, 1, 3);
      }
      const acknowledged = [1, 2, 3];
      const dying = new JsonlSink(log, { ...options, fileOps: ops });
      for (let n = 4; n <= 8; n++) {
        try {
          await dying.append(sample(n));
          acknowledged.push(n);
        } catch {
          break;
        }
      }
      await dying.close();
      {
        await using sink = new JsonlSink(log, options);
        const found = numbers(await sink.query());
        const n = acknowledged.length;
        assertEquals(found.slice(0, n), acknowledged, `died at ${dieAt}`);
        // Of what was not acknowledged, the next one at most has been stored.
        assert(found.length <= n + 1, `died at ${dieAt}`);
        for (let next = 1; next <= 9; next++) await sink.append(sample(next));
        await assertHolds(sink, upTo(9));
      }
      const left = names(folder);
      assertEquals(left.filter((name) => name.endsWith(".tmp")), []);
      const plain = left.filter((name) => /\d{12}-\d{12}$/.test(name));
      assertEquals(plain, [], `died at ${dieAt}`);
      await using sink = new JsonlSink(log, options);
      await assertHolds(sink, upTo(9));
    });
    if (!isDead()) break;
    last = dieAt;
  }
  assert(last > 50, `there were only ${last} operations`);
});

Deno.test("JsonlSink reads the plain part where both forms are there, and compresses it again", async () => {
  await withFolder(async (folder, log) => {
    {
      await using sink = new JsonlSink(log, { maxBytes: MAX_BYTES });
      await appendEach(sink, 1, 3);
    }
    const part = `${log}.000000000001-000000000002`;
    await Deno.writeTextFile(part, await gunzip(`${part}.gz`));
    await Deno.writeTextFile(`${part}.gz`, "cut short");
    {
      await using sink = new JsonlSink(log);
      await assertHolds(sink, [1, 2, 3]);
    }
    assert(!names(folder).includes(part));
    await using sink = new JsonlSink(log);
    await assertHolds(sink, [1, 2, 3]);
  });
});

Deno.test("JsonlSink goes on when a part cannot be compressed, says so, and tries again", async () => {
  await withFolder(async (folder, log) => {
    const errors: SinkError[] = [];
    const fileOps = watchedOps(({ op, path }) => {
      if (op === "write" && path.endsWith(".gz.tmp")) throw errno("ENOSPC");
    });
    {
      await using sink = new JsonlSink(log, {
        fileOps,
        maxBytes: MAX_BYTES,
        onBackgroundError: (error) => errors.push(error),
      });
      await appendEach(sink, 1, 5);
      await assertHolds(sink, upTo(5));
    }
    assert(errors.length > 0);
    assert(errors.every(({ code }) => code === "disk_full"));
    assert(names(folder).includes("run.jsonl.000000000001-000000000002"));
    {
      await using sink = new JsonlSink(log);
      await assertHolds(sink, upTo(5));
    }
    assert(names(folder).includes("run.jsonl.000000000001-000000000002.gz"));
  });
});

Deno.test("JsonlSink reports a damaged part once, reads on past it, and appends", async () => {
  await withFolder(async (_folder, log) => {
    {
      await using sink = new JsonlSink(log, { maxBytes: MAX_BYTES });
      await appendEach(sink, 1, 5);
    }
    const gz = `${log}.000000000001-000000000002.gz`;
    const bytes = await Deno.readFile(gz);
    await Deno.writeFile(gz, bytes.subarray(0, bytes.length >> 1));
    await Deno.remove(`${log}.index`);
    {
      await using sink = new JsonlSink(log);
      await rejectsWith(sink.query(), "corrupt_line", "inflated");
      assertEquals(seqs(await sink.query({}, { afterSeq: 2 })), [3, 4, 5]);
      assertEquals((await sink.append(sample(6))).seq, 6);
    }
    const errors: SinkError[] = [];
    await using sink = new JsonlSink(log, {
      onCorrupt: (error) => errors.push(error),
    });
    assertEquals(seqs(await sink.query({}, { afterSeq: 1 })), [3, 4, 5, 6]);
    assertEquals(errors.map(({ seq }) => seq), [2]);
  });
});

Deno.test("JsonlSink says where a part has fewer lines than its name", async () => {
  await withFolder(async (_folder, log) => {
    {
      await using sink = new JsonlSink(log, { maxBytes: MAX_BYTES });
      await appendEach(sink, 1, 3);
    }
    const part = `${log}.000000000001-000000000002`;
    const text = await gunzip(`${part}.gz`);
    await Deno.remove(`${part}.gz`);
    await Deno.writeTextFile(part, text.slice(0, text.indexOf("\n") + 1));
    await using sink = new JsonlSink(log);
    const error = await rejectsWith(
      sink.count(),
      "corrupt_line",
      "ends before",
    );
    assertEquals(error.seq, 2);
  });
});

Deno.test("JsonlSink goes on where its oldest parts have been moved away", async () => {
  await withFolder(async (folder, log) => {
    const options = { maxBytes: MAX_BYTES, rememberedParts: 1 };
    {
      await using sink = new JsonlSink(log, options);
      await appendEach(sink, 1, 7);
    }
    for (const name of names(folder)) {
      if (name.endsWith(".gz")) await Deno.remove(`${folder}/${name}`);
    }
    await using sink = new JsonlSink(log, options);
    assertEquals(seqs(await sink.query()), [7]);
    const stored = await sink.append(sample(8));
    assertEquals(stored.seq, 8);
    const other = sample(9, { trace_id: uuid(77) });
    assertEquals((await sink.append(other)).event.prev_hash, null);
  });
});

Deno.test("JsonlSink refuses parts that overlap", async () => {
  await withFolder(async (_folder, log) => {
    await Deno.writeTextFile(`${log}.000000000001-000000000004`, "");
    await Deno.writeTextFile(`${log}.000000000003-000000000009`, "");
    await using sink = new JsonlSink(log);
    await rejectsWith(sink.open(), "not_a_log", "the same seqs");
  });
});

Deno.test("JsonlSink lets rotation wait for an index that lags behind", async () => {
  await withFolder(async (_folder, log) => {
    const release = gate();
    const reached = gate();
    let parts = 0;
    const fileOps = watchedOps(async ({ op, path }) => {
      if (op === "rename" && path === log) parts++;
      if (op !== "open" || !path.endsWith(".index.tmp")) return;
      reached.open();
      await release.passed;
    });
    await using sink = new JsonlSink(log, { fileOps, maxBytes: 1 });
    const all = samples(8).map((event) => sink.append(event));
    await reached.passed;
    await all[2];
    assertEquals(parts, 2, "the third rotation waits");
    release.open();
    await Promise.all(all);
    await assertHolds(sink, upTo(8));
  });
});
