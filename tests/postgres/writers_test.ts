import { assert, assertEquals, assertMatch } from "@std/assert";
import { createEvent, type Event } from "../../sinks/mod.ts";
import { Random, sized } from "../crash/_form.ts";
import { Ledger } from "../crash/_ledger.ts";
import { reportRow } from "../crash/_report.ts";
import { startAppending } from "./_child.ts";
import { assertSound, eventOf, openLog, storedSeqs } from "./_log.ts";
import { postgresTest, withDatabase } from "./_postgres.ts";
import { whyNoPostgres } from "./_programs.ts";
import { type Outcome, race } from "./_race.ts";
import { PostgresServer } from "./_server.ts";

const PROCESSES = 4;
const EVENTS_A_PROCESS = sized(250, 20_000);
/** More than the processes have tasks. */
const TRACES_A_PROCESS = 1_000;

for (
  const { processes, traces } of [
    { processes: 2, traces: "the same" },
    { processes: 4, traces: "their own" },
    { processes: 4, traces: "the same" },
  ]
) {
  postgresTest(
    `PostgresSink takes what ${processes} processes append to ${traces} traces, and forks, loses and repeats nothing`,
    () =>
      withDatabase(async (url) => {
        const random = Random.of(`${processes} writers of ${traces} traces`);
        await using sink = await openLog(url);
        const children = Array.from({ length: processes }, (_, n) =>
          startAppending(url, {
            seed: random.int(0, 2 ** 31),
            firstTrace: traces === "the same" ? 0 : n * TRACES_A_PROCESS,
          }));
        for (const child of children) {
          await child.reached("ack", EVENTS_A_PROCESS);
        }
        const ledger = new Ledger();
        for (const child of children) {
          await child.stop();
          ledger.add(child.acknowledged);
        }
        const { events } = await ledger.check(sink, { isAtomic: true });
        assertEquals(events, ledger.size);
        assertEquals((await storedSeqs(url)).length, events);
        reportRow(`${processes} processes, ${traces} traces`, events);
      }),
  );
}

/** Some events each of which has a trace of its own, over and over. */
function someEvents(count: number, traces: number): Event[] {
  return Array.from({ length: count }, (_, n) => eventOf(n % traces));
}

postgresTest(
  "PostgresSink stores an event once that several processes append at once, and gives each the same copy",
  () =>
    withDatabase(async (url) => {
      await using sink = await openLog(url);
      const events = someEvents(sized(40, 2_000), 5);
      const each = events.map((event) => [event]);
      const said = await race(
        url,
        Array.from({ length: PROCESSES }, () => each),
      );
      for (const outcomes of said) assertEquals(outcomes, said[0]);
      const stored = await sink.query();
      const found = stored.map((
        { seq, event },
      ): Outcome => [[seq, event.hash!]]);
      assertEquals(
        said[0]!.toSorted((a, b) => Number(a[0]![0]) - Number(b[0]![0])),
        found,
      );
      await assertSound(sink, events.length);
    }),
);

postgresTest(
  "PostgresSink takes one of the contents that several processes append under an id, and tells the others duplicate_id",
  () =>
    withDatabase(async (url) => {
      await using sink = await openLog(url);
      const ids = someEvents(sized(40, 1_000), 1).map((event) =>
        event.event_id
      );
      // Each in a trace of the process's own: no lock of a trace keeps them apart.
      const contents = Array.from({ length: PROCESSES }, (_, process) =>
        ids.map((event_id) => [
          createEvent({ ...eventOf(process), event_id, payload: { process } }),
        ]));
      const said = await race(url, contents);
      for (const [n, event_id] of ids.entries()) {
        const outcomes = said.map((each) => each[n]!);
        const refusals = outcomes.filter((each) => typeof each === "string");
        assertEquals(refusals.length, PROCESSES - 1);
        for (const refusal of refusals) assertMatch(refusal, /^duplicate_id: /);
        const winner = outcomes.findIndex((each) => typeof each !== "string");
        const [stored] = await sink.query({ event_id });
        assertEquals(stored!.event.payload, { process: winner });
        assertEquals(outcomes[winner], [[stored!.seq, stored!.event.hash!]]);
      }
      await assertSound(sink, ids.length);
    }),
);

postgresTest(
  "PostgresSink has no deadlock where processes append batches in opposite orders of traces and ids",
  async () => {
    await using server = await PostgresServer.start();
    const url = server.url();
    await using sink = await openLog(url);
    const rounds = sized(6, 100);
    // Of few traces and of more than a transaction locks one by one.
    const shared = Array.from(
      { length: rounds },
      (_, n) => someEvents(80, n % 2 === 0 ? 10 : 80),
    );
    const batches = Array.from(
      { length: PROCESSES },
      (_, process) =>
        shared.flatMap((events) => {
          const own = someEvents(20, 20);
          const isTurned = process % 2 === 1;
          // A trace's events are in order in each of them, else one would be refused.
          const turned = isTurned ? byTraceBackwards(events) : events;
          return [turned, isTurned ? own.toReversed() : own];
        }),
    );
    const said = await race(url, batches);
    for (const outcomes of said) {
      for (const outcome of outcomes) {
        assert(typeof outcome !== "string", `${outcome}`);
      }
    }
    await assertSound(sink, rounds * (80 + PROCESSES * 20));
    const log = await Deno.readTextFile(`${server.folder}/log`);
    assert(!log.includes("deadlock"), log);
  },
  { lack: await whyNoPostgres() },
);

function byTraceBackwards(events: readonly Event[]): Event[] {
  const traces = Map.groupBy(events, ({ trace_id }) => trace_id);
  return [...traces.values()].reverse().flat();
}
