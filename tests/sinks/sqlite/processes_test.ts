import { assert, assertEquals } from "@std/assert";
import { SqliteSink, verifyLog } from "../../../sinks/mod.ts";
import {
  numbers,
  raceElsewhere,
  samples,
  startElsewhere,
  upTo,
  uuid,
  withFolder,
} from "./_helpers.ts";

const EVENTS = 200;
const TASKS = 16;

for (const processes of [2, 4]) {
  Deno.test(`lesson 1: ${processes} processes append to the same traces without fork, loss or duplicate`, async () => {
    await withFolder(async (log) => {
      // The log is there before the race, which is about appending to it.
      await (await SqliteSink.open(log, { driver: "builtin" })).close();
      const results = await raceElsewhere(
        Array.from(
          { length: processes },
          (_, n) => [
            log,
            "builtin",
            n * EVENTS + 1,
            EVENTS,
            TASKS,
            processes,
          ],
        ),
      );
      const acknowledged = results.flatMap((result) => {
        assertEquals(result.code, undefined, result.message);
        return result.acknowledged!;
      });
      const expected = upTo(processes * EVENTS);
      assertEquals(acknowledged.toSorted((a, b) => a - b), expected);
      await using sink = await SqliteSink.open(log, { driver: "builtin" });
      const stored = await sink.query();
      assertEquals(numbers(stored).toSorted((a, b) => a - b), expected);
      const report = await verifyLog(sink);
      assertEquals(report.violations, []);
      assertEquals([report.traces, report.unlinked], [3, 0]);
      // They did race: each went on only when all of them had begun.
      const turns = stored.filter(({ event }, n) =>
        event.source !== stored[n - 1]?.event.source
      );
      assert(turns.length > processes, `${turns.length} turns`);
    });
  });
}

Deno.test("lesson 1: processes that make a log at the same time make one", async () => {
  await withFolder(async (log) => {
    const results = await raceElsewhere(
      upTo(3).map((n) => [log, "builtin", n * 10 + 1, 10, 2]),
    );
    for (const { code, message } of results) {
      assertEquals(code, undefined, message);
    }
    await using sink = await SqliteSink.open(log, { driver: "builtin" });
    assertEquals(await sink.count(), 30);
    assertEquals((await verifyLog(sink)).violations, []);
  });
});

Deno.test("lesson 1: a process appends to the traces of a sink that goes on", async () => {
  await withFolder(async (log) => {
    await using sink = await SqliteSink.open(log, { driver: "builtin" });
    // One of the three that the program appends to.
    const mine = { trace_id: uuid(900_001) };
    const child = startElsewhere([log, "builtin", 1, 50, 4]);
    await child.ready;
    const [elsewhere] = await Promise.all([
      child.append(),
      (async () => {
        for (const event of samples(50, 1001, mine)) await sink.append(event);
      })(),
    ]);
    assertEquals(elsewhere.acknowledged?.length, 50);
    await sink.appendAll(samples(5, 2001, mine));
    assertEquals(await sink.count(), 105);
    assertEquals((await verifyLog(sink)).violations, []);
  });
});

Deno.test("lesson 4: processes that race for the same ids store each of them once", async () => {
  await withFolder(async (log) => {
    await (await SqliteSink.open(log, { driver: "builtin" })).close();
    // Events of the same ids at other times: whoever comes second is refused.
    const program = [log, "builtin", 1, 40, 1];
    const results = await raceElsewhere([program, program]);
    await using sink = await SqliteSink.open(log, { driver: "builtin" });
    const report = await verifyLog(sink);
    assertEquals(report.violations, []);
    const stored = await sink.query();
    assertEquals(new Set(numbers(stored)).size, stored.length);
    for (const { acknowledged, code } of results) {
      if (code !== undefined) assertEquals(code, "duplicate_id");
      for (const number of acknowledged ?? []) {
        assert(numbers(stored).includes(number), `${number} is in the log`);
      }
    }
  });
});
