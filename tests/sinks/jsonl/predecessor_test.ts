import { assertEquals } from "@std/assert";
import { parseEvent, serializeEvent, verifyLog } from "../../../sinks/mod.ts";
import { JsonlSink } from "../../../sinks/jsonl_sink.ts";
import { sample, samples, upTo, withFolder } from "./_helpers.ts";

const FIXTURES = new URL("../../fixtures/predecessor/", import.meta.url);

for (const name of ["0.2.0", "head"]) {
  Deno.test(`JsonlSink reads and verifies the predecessor's file (python-${name})`, async () => {
    await withFolder(async (_folder, log) => {
      await Deno.copyFile(new URL(`python-${name}.jsonl`, FIXTURES), log);
      const before = await Deno.readTextFile(log);
      {
        await using sink = new JsonlSink(log);
        assertEquals(await sink.count(), 240);
        const stored = await Array.fromAsync(sink.stream());
        assertEquals(stored.map(({ seq }) => seq), upTo(240));
        const texts = before.trimEnd().split("\n");
        assertEquals(
          stored.map(({ event }) => serializeEvent(event)),
          texts.map((text) => serializeEvent(parseEvent(text))),
        );
        const report = await verifyLog(sink);
        assertEquals(report.violations, []);
        assertEquals([report.events, report.unlinked], [240, 240]);
      }
      assertEquals(
        await Deno.readTextFile(log),
        before,
        "it is left as it was",
      );
    });
  });

  Deno.test(`JsonlSink appends to the predecessor's file (python-${name}), and rotates it`, async () => {
    await withFolder(async (_folder, log) => {
      await Deno.copyFile(new URL(`python-${name}.jsonl`, FIXTURES), log);
      for (const maxBytes of [2 ** 30, 1000]) {
        await using sink = new JsonlSink(log, { maxBytes });
        const { trace_id } =
          (await sink.query({}, { afterSeq: 239 }))[0]!.event;
        const last = (await sink.query({ trace_id })).at(-1)!.event;
        const first = await sink.append(sample(maxBytes, { trace_id }));
        const second = await sink.append(sample(maxBytes + 1, { trace_id }));
        // The trace has no chain yet, so one begins here, and goes on later.
        assertEquals(first.event.prev_hash === null, last.hash === null);
        assertEquals(first.event.prev_hash, last.hash);
        assertEquals(second.event.prev_hash, first.event.hash);
        const report = await verifyLog(sink);
        assertEquals(report.violations, []);
        assertEquals(report.unlinked, 240);
        // What the predecessor wrote is recognised by its id.
        const known = parseEvent(await seventhLine(name));
        assertEquals((await sink.append(known)).seq, 7);
      }
    });
  });
}

/** The seventh line of a fixture. */
async function seventhLine(name: string): Promise<string> {
  const text = await Deno.readTextFile(
    new URL(`python-${name}.jsonl`, FIXTURES),
  );
  return text.split("\n")[6]!;
}

Deno.test("JsonlSink tells of an edit behind its back, of a byte that matters in any line", async () => {
  await withFolder(async (_folder, log) => {
    await Deno.copyFile(new URL("python-0.2.0.jsonl", FIXTURES), log);
    {
      await using sink = new JsonlSink(log);
      await sink.appendAll(samples(5));
    }
    const texts = (await Deno.readTextFile(log)).trimEnd().split("\n");
    for (let at = 240; at < 245; at++) {
      for (
        const byte of ["0000-8000", "harness.", '"n":', "2024", '"hash":"']
      ) {
        const text = texts[at]!;
        const place = text.lastIndexOf(byte) + byte.length - 1;
        const other = text[place] === "0" ? "1" : "0";
        const edited = text.slice(0, place) + other + text.slice(place + 1);
        await Deno.writeTextFile(log, `${texts.with(at, edited).join("\n")}\n`);
        await using sink = new JsonlSink(log);
        const { violations } = await verifyLog(sink);
        assertEquals(violations[0]?.seq, at + 1, `${byte} of ${at + 1}`);
      }
    }
  });
});
