// What the tests of logs on a server have in common.
import {
  createEvent,
  type Event,
  type StoredEvent,
  verifyLog,
} from "../../sinks/mod.ts";
import { assertEquals } from "@std/assert";
import {
  PostgresSink,
  type PostgresSinkOptions,
} from "../../sinks/postgres_sink.ts";
import { traceId } from "../crash/_workload.ts";
import { ask } from "./_programs.ts";

/** How a log is opened where nothing else is said: so that tests need not wait long. */
const SOON: PostgresSinkOptions = {
  connections: 2,
  connectTimeoutMs: 2_000,
  answerTimeoutMs: 5_000,
  followPollMs: 50,
};

/** Opens a log. */
export async function openLog(
  url: string,
  options: PostgresSinkOptions = {},
): Promise<PostgresSink> {
  return await PostgresSink.open(url, { ...SOON, ...options });
}

/** An event of one of the traces. */
export function eventOf(trace: number, type = "harness.step"): Event {
  return createEvent({
    trace_id: traceId(trace),
    task_id: traceId(0),
    type,
    source: "faults of a server",
  });
}

/** The places of events. */
export function seqsOf(stored: readonly StoredEvent[]): number[] {
  return stored.map(({ seq }) => seq);
}

/** The places that are in the log, as the server has them. */
export async function storedSeqs(url: string): Promise<number[]> {
  const said = await ask(url, "SELECT seq FROM zu.events ORDER BY seq");
  return said === "" ? [] : said.split("\n").map(Number);
}

/** Asserts that the chains of a log are right, and it has so many events. */
export async function assertSound(
  sink: PostgresSink,
  events: number,
): Promise<void> {
  const report = await verifyLog(sink);
  assertEquals(report.violations, []);
  assertEquals([report.unlinked, report.events], [0, events]);
}

/**
 * Has something done to each event of a type as it is stored, by a trigger.
 *
 * @param body What a trigger's function does, in PL/pgSQL.
 */
export async function onInsert(
  url: string,
  type: string,
  body: string,
): Promise<void> {
  await ask(
    url,
    `CREATE FUNCTION zu.test() RETURNS trigger LANGUAGE plpgsql AS $test$
    BEGIN ${body} RETURN NEW; END $test$;
    CREATE TRIGGER test AFTER INSERT ON zu.events FOR EACH ROW
      WHEN (NEW.type = '${type}') EXECUTE FUNCTION zu.test();`,
  );
}
