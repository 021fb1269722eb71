import { assertEquals, assertRejects } from "@std/assert";
import { AesGcmCodec, ManagedAesGcmCodec } from "../../../codec/mod.ts";
import { type SinkError, SqliteSink, verifyLog } from "../../../sinks/mod.ts";
import {
  brief,
  CODECS,
  DRIVERS,
  KEY,
  numbers,
  rejectsWith,
  sample,
  samples,
  soon,
  upTo,
  withFolder,
  withRaw,
} from "./_helpers.ts";

/** Makes a log of five rows of which some are broken. */
async function broken(
  log: string,
  options: Parameters<typeof SqliteSink.open>[1],
  ...seqs: number[]
): Promise<void> {
  {
    await using sink = await SqliteSink.open(log, options);
    await sink.appendAll(samples(5));
  }
  withRaw(log, (db) => {
    const spoil = db.prepare(
      "UPDATE events SET data = substr(data, 1, 40) WHERE seq = ?",
    );
    for (const seq of seqs) spoil.run(seq);
  });
}

for (const driver of DRIVERS) {
  for (const [name, codec] of Object.entries(CODECS)) {
    const options = { driver, ...codec };
    const title = `(${driver}, ${name})`;

    Deno.test(`lesson 5: Pages name the broken row, and read the others when asked to ${title}`, async () => {
      await withFolder(async (log) => {
        await broken(log, options, 3);
        const of = { seq: 3, event_id: sample(3).event_id };
        await using sink = await SqliteSink.open(log, options);
        for (
          const read of [
            () => sink.query(),
            () => Array.fromAsync(sink.stream({}, { batchSize: 2 })),
            () => sink.query({ event_id: of.event_id }),
          ]
        ) {
          const error = await rejectsWith(read(), "corrupt_row", of.event_id);
          assertEquals({ seq: error.seq, event_id: error.event_id }, of);
          assertEquals(error.cause instanceof Error, true);
        }
        assertEquals(numbers(await sink.query({}, { limit: 2 })), [1, 2]);
        assertEquals(numbers(await sink.query({}, { afterSeq: 3 })), [4, 5]);
        assertEquals(await sink.count(), 5);
        // The head is readable; where it is not, the one before it is taken.
        assertEquals((await sink.append(sample(6))).seq, 6);

        const skipped: SinkError[] = [];
        await using lenient = await SqliteSink.open(log, {
          ...options,
          readOnly: true,
          onCorrupt: (error) => skipped.push(error),
        });
        assertEquals(numbers(await lenient.query()), [1, 2, 4, 5, 6]);
        assertEquals(
          numbers(await Array.fromAsync(lenient.stream({}, { batchSize: 1 }))),
          [1, 2, 4, 5, 6],
        );
        assertEquals(skipped.map(({ seq }) => seq), [3, 3]);
        const report = await verifyLog(sink);
        assertEquals(report.violations.map(brief)[0], [
          "unreadable_row",
          3,
          undefined,
        ]);
        assertEquals(report.violations[0]!.event_id, of.event_id);
        assertEquals([report.events, report.complete], [6, true]);
      });
    });

    Deno.test(`lesson 5: a broken last row does not keep its trace from growing ${title}`, async () => {
      await withFolder(async (log) => {
        await broken(log, options, 4, 5);
        await using sink = await SqliteSink.open(log, {
          ...options,
          onCorrupt: () => {},
        });
        await sink.append(sample(6));
        await Promise.all(samples(3, 7).map((event) => sink.append(event)));
        assertEquals(numbers(await sink.query()), [1, 2, 3, 6, 7, 8, 9]);
        const [, , third, sixth] = await sink.query();
        assertEquals(sixth!.event.prev_hash, third!.event.hash);
        const { violations } = await verifyLog(sink);
        const unreadable = violations.filter(({ code }) =>
          code === "unreadable_row"
        );
        assertEquals(unreadable.map(({ seq }) => seq), [4, 5]);
      });
    });
  }
}

Deno.test("lesson 5: Pages fill a limit with readable rows, past broken ones", async () => {
  await withFolder(async (log) => {
    await broken(log, { driver: "builtin" }, 1, 2, 4);
    await using sink = await SqliteSink.open(log, {
      driver: "builtin",
      onCorrupt: () => {},
    });
    assertEquals(numbers(await sink.query({}, { limit: 1 })), [3]);
    assertEquals(numbers(await sink.query({}, { limit: 2 })), [3, 5]);
    assertEquals(numbers(await sink.query({}, { limit: 3 })), [3, 5]);
  });
});

Deno.test("lesson 5: a stream that follows reports a broken row once", async () => {
  await withFolder(async (log) => {
    await broken(log, { driver: "builtin" }, 4, 5);
    const skipped: (number | undefined)[] = [];
    await using sink = await SqliteSink.open(log, {
      driver: "builtin",
      onCorrupt: ({ seq }) => skipped.push(seq),
    });
    const iterator = sink.stream({}, { follow: true });
    const seen: number[] = [];
    for (const n of [1, 2, 3, 6, 7]) {
      const next = iterator.next();
      if (n > 5) await sink.append(sample(n));
      seen.push((await soon("an event", next)).value!.seq);
    }
    await iterator.return();
    assertEquals(seen, [1, 2, 3, 6, 7]);
    assertEquals(skipped, [4, 5]);
  });
});

Deno.test("Pages pass on what onCorrupt throws, and end there", async () => {
  await withFolder(async (log) => {
    await broken(log, { driver: "builtin" }, 2);
    const stop = new Error("enough");
    await using sink = await SqliteSink.open(log, {
      driver: "builtin",
      onCorrupt: () => {
        throw stop;
      },
    });
    const error = await assertRejects(() => sink.query());
    assertEquals(error, stop);
  });
});

for (const driver of DRIVERS) {
  Deno.test(`lesson 6: one log holds rows of every codec that was in use (${driver})`, async () => {
    await withFolder(async (log) => {
      const v1 = new AesGcmCodec(KEY);
      const managed = (currentKeyId: string) =>
        new ManagedAesGcmCodec({
          currentKeyId,
          key: (id) => new Uint8Array(32).fill(id === "k1" ? 1 : 2),
        });
      const steps = [
        {},
        { codec: v1 },
        { codec: managed("k1"), readers: [v1] },
        { codec: managed("k2"), readers: [v1] },
        { readers: [v1, managed("k1")] },
      ];
      for (const [n, step] of steps.entries()) {
        await using sink = await SqliteSink.open(log, { driver, ...step });
        await sink.append(sample(n + 1));
        assertEquals(numbers(await sink.query()), upTo(n + 1));
        assertEquals((await verifyLog(sink)).violations, []);
      }
      const versions = withRaw(
        log,
        (db) =>
          db.prepare(
            "SELECT hex(substr(data, 1, 1)) AS v FROM events ORDER BY seq",
          )
            .all().map(({ v }) => v),
      );
      assertEquals(versions, ["00", "01", "02", "02", "00"]);
      // Without the readers, the error says which codec is missing.
      await using bare = await SqliteSink.open(log, { driver });
      const error = await rejectsWith(bare.query(), "corrupt_row", "version 1");
      assertEquals(error.seq, 2);
      await bare.append(sample(6));
    });
  });
}

Deno.test("SqliteSink does not begin a new chain behind rows that it was given no key for", async () => {
  const under = (id: string): ManagedAesGcmCodec =>
    new ManagedAesGcmCodec({
      currentKeyId: id,
      key: (asked) => {
        if (asked !== id) throw new Error(`no key ${asked}`);
        return KEY;
      },
    });
  await withFolder(async (log) => {
    {
      await using sink = await SqliteSink.open(log, { codec: under("k1") });
      await sink.append(sample(1));
    }
    for (const options of [{ codec: under("k2") }, {}]) {
      await using sink = await SqliteSink.open(log, options);
      const error = await rejectsWith(sink.append(sample(2)), "corrupt_row");
      assertEquals(error.seq, 1);
      assertEquals(await sink.count(), 1);
    }
    await using sink = await SqliteSink.open(log, { codec: under("k1") });
    await sink.append(sample(2));
    assertEquals((await verifyLog(sink)).violations, []);
  });
});
