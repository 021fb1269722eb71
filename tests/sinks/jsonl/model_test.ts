import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Event,
  type EventFilter,
  MemorySink,
  serializeEvent,
  SinkError,
  type StoredEvent,
  verifyLog,
} from "../../../sinks/mod.ts";
import { type FsyncPolicy, JsonlSink } from "../../../sinks/jsonl_sink.ts";
import { sample, uuid, withFolder } from "./_helpers.ts";

/** One thing to do to both sinks. */
type Step =
  | { kind: "append"; appends: { id: number; trace: number; size: number }[] }
  | { kind: "appendAll"; ids: number[]; trace: number }
  | {
    kind: "query";
    trace: number | undefined;
    afterSeq: number;
    limit: number;
  }
  | { kind: "count"; trace: number }
  | { kind: "stream"; afterSeq: number }
  | { kind: "reopen"; maxBytes: number; fsync: FsyncPolicy };

const id = fc.integer({ min: 1, max: 40 });
const trace = fc.integer({ min: 1, max: 4 });
const afterSeq = fc.integer({ min: 0, max: 40 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      appends: fc.array(
        fc.record({ id, trace, size: fc.constantFrom(0, 1, 10, 900) }),
        { minLength: 1, maxLength: 6 },
      ),
    }),
  },
  fc.record({
    kind: fc.constant("appendAll" as const),
    ids: fc.array(id, { maxLength: 5 }),
    trace,
  }),
  fc.record({
    kind: fc.constant("query" as const),
    trace: fc.option(trace, { nil: undefined }),
    afterSeq,
    limit: fc.integer({ min: 0, max: 10 }),
  }),
  fc.record({ kind: fc.constant("count" as const), trace }),
  fc.record({ kind: fc.constant("stream" as const), afterSeq }),
  fc.record({
    kind: fc.constant("reopen" as const),
    maxBytes: fc.constantFrom(1, 700, 2000, 1_000_000),
    fsync: fc.constantFrom("always", "batch", "never"),
  }),
);

function event(number: number, trace: number, size: number): Event {
  return sample(number, {
    trace_id: uuid(100 + trace),
    payload: { text: "ä".repeat(size) },
  });
}

/** Stored events, or the code of the error, in a form that can be compared. */
async function outcome(
  work: Promise<StoredEvent[] | StoredEvent | number>,
): Promise<unknown> {
  try {
    const result = await work;
    if (typeof result === "number") return result;
    return [result].flat().map(({ seq, event }) => [
      seq,
      serializeEvent(event),
    ]);
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    return error.code;
  }
}

type Sink = JsonlSink | MemorySink;

function results(sink: Sink, step: Step): Promise<unknown>[] {
  const byTrace = (trace: number): EventFilter => ({
    trace_id: uuid(100 + trace),
  });
  switch (step.kind) {
    case "append":
      // Without waiting in between, so that they share groups.
      return step.appends.map(({ id, trace, size }) =>
        outcome(sink.append(event(id, trace, size)))
      );
    case "appendAll":
      return [outcome(
        sink.appendAll(step.ids.map((id) => event(id, step.trace, 1))),
      )];
    case "query": {
      const { trace, afterSeq, limit } = step;
      const filter = trace === undefined ? {} : byTrace(trace);
      return [outcome(sink.query(filter, { afterSeq, limit }))];
    }
    case "count":
      return [outcome(sink.count(byTrace(step.trace)))];
    case "stream":
      return [outcome(
        Array.fromAsync(
          sink.stream({}, { afterSeq: step.afterSeq, batchSize: 3 }),
        ),
      )];
    case "reopen":
      return [];
  }
}

Deno.test("JsonlSink does what MemorySink does, through rotation and being opened again", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 25 }),
      async (steps) => {
        await withFolder(async (_folder, log) => {
          const model = new MemorySink();
          const options = { rememberedParts: 64 };
          let sink = new JsonlSink(log, { ...options, maxBytes: 700 });
          try {
            for (const step of steps) {
              if (step.kind === "reopen") {
                await sink.close();
                const { maxBytes, fsync } = step;
                sink = new JsonlSink(log, { ...options, maxBytes, fsync });
              }
              assertEquals(
                await Promise.all(results(sink, step)),
                await Promise.all(results(model, step)),
              );
            }
            assertEquals((await verifyLog(sink)).violations, []);
          } finally {
            await sink.close();
          }
        });
      },
    ),
    { numRuns: 40 },
  );
});
