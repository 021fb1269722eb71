// The load that every row of the tables is measured with.
import {
  createEvent,
  type Event,
  linkEvent,
  serializeEvent,
} from "../sinks/mod.ts";

/** The size of an event's stored text, linked, in bytes. */
export const EVENT_BYTES = 733;
const TRACES = 16;
const HASH_BYTES = 2 * ('"'.length * 2 + 64 - "null".length);

const traces = Array.from({ length: TRACES }, () => crypto.randomUUID());
const task_id = crypto.randomUUID();

function event(n: number, text: string, of: readonly string[] = traces): Event {
  return createEvent({
    trace_id: of[n % of.length]!,
    task_id,
    type: "harness.model.responded",
    source: "provider",
    ts: new Date(1_700_000_000_001 + (n % 998)),
    payload: {
      tokens: { in: 4394, out: 402 },
      cost: 0.0123,
      finish: "tool_calls",
      text,
    },
  });
}

const unpadded = serializeEvent(event(0, "")).length + HASH_BYTES;
const TEXT = "x".repeat(EVENT_BYTES - unpadded);

/** Makes events on 16 traces, of 733 bytes each. */
export function makeEvents(count: number, of?: readonly string[]): Event[] {
  return Array.from({ length: count }, (_, n) => event(n, TEXT, of));
}

/** Writes events to a file as their stored texts, for peers to read. */
export async function writeTexts(path: string, count: number): Promise<void> {
  const heads = new Map<string, string>();
  const texts = makeEvents(count).map((event) => {
    const linked = linkEvent(event, heads.get(event.trace_id) ?? null);
    heads.set(event.trace_id, linked.hash!);
    return `${serializeEvent(linked)}\n`;
  });
  await Deno.writeTextFile(path, texts.join(""));
}

/** Runs something and tells how many a second it did. */
export async function rate(
  count: number,
  run: () => unknown,
): Promise<number> {
  const start = performance.now();
  await run();
  return count / (performance.now() - start) * 1000;
}

/** The middle one of several measurements. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Appends events from several appenders, each of which awaits its own. */
export async function append(
  sink: { append(event: Event): Promise<unknown> },
  events: readonly Event[],
  appenders: number,
): Promise<void> {
  let next = 0;
  const appender = async () => {
    while (next < events.length) await sink.append(events[next++]!);
  };
  await Promise.all(Array.from({ length: appenders }, appender));
}
