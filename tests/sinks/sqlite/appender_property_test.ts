import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { AesGcmCodec } from "../../../codec/mod.ts";
import { type Event, SqliteSink, verifyLog } from "../../../sinks/mod.ts";
import { KEY, sample, soon, uuid } from "./_helpers.ts";

/** One call of append or appendAll, in numbers of events. */
interface Call {
  readonly events: readonly number[];
  /** What is wrong with the last of them. */
  readonly fault: "none" | "rival" | "large" | "repeat";
}

const TRACES = 5;

const call: fc.Arbitrary<Call> = fc.record({
  events: fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 4 }),
  fault: fc.constantFrom("none", "none", "none", "rival", "large", "repeat"),
});

/** An event by its number; it belongs to a trace that the number tells. */
function numbered(number: number, extra: Record<string, unknown> = {}): Event {
  return sample(number + 1, {
    trace_id: uuid(5000 + number % TRACES),
    payload: { number, text: "x".repeat(1000), ...extra },
  });
}

/** The events of a call. */
function eventsOf({ events, fault }: Call): Event[] {
  const made = events.map((number) => numbered(number));
  const last = events.at(-1)!;
  if (fault === "rival") made.push(numbered(last, { rival: true }));
  if (fault === "large") {
    made.push(numbered(last + 1000, { l: "x".repeat(9000) }));
  }
  if (fault === "repeat") made.push(numbered(last));
  return made;
}

for (const [name, codec] of [["plain", undefined], ["AES", KEY]] as const) {
  Deno.test(`Appender settles every call as if it had come alone, whatever comes in one turn (${name})`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(call, { minLength: 1, maxLength: 60 }), {
          minLength: 1,
          maxLength: 6,
        }),
        async (turns) => {
          await using sink = await SqliteSink.open(":memory:", {
            driver: "builtin",
            eventBytesMax: 4096,
            headsMax: 2,
            ...codec && { codec: new AesGcmCodec(codec) },
          });
          const stored = new Set<number>();
          for (const calls of turns) {
            const results = await soon(
              "all calls",
              Promise.allSettled(
                calls.map((call) => sink.appendAll(eventsOf(call))),
              ),
            );
            for (const [n, result] of results.entries()) {
              const { events, fault } = calls[n]!;
              const isRefused = fault === "rival" || fault === "large";
              assertEquals(result.status, isRefused ? "rejected" : "fulfilled");
              if (!isRefused) {
                for (const number of events) stored.add(number);
              }
            }
          }
          const log = await sink.query();
          const numbers = log.map(({ event }) =>
            event.payload.number as number
          );
          assertEquals(numbers.toSorted((a, b) => a - b), [
            ...[...stored].sort((a, b) => a - b),
          ]);
          assert(log.every(({ event }) => !("rival" in event.payload)));
          assertEquals((await verifyLog(sink)).violations, []);
        },
      ),
      { numRuns: 30 },
    );
  });
}
