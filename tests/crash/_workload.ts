// What is appended while the power goes or the process is killed.
import {
  createEvent,
  type Event,
  type EventSink,
  type StoredEvent,
} from "../../sinks/mod.ts";
import type { Random } from "./_form.ts";

/** How many tasks append at the same time. */
export const TASKS = 16;
/** Traces that tasks share, in this process and in others. */
const SHARED_TRACES = 3;
/** How many events an `appendAll` has. */
export const BATCH = 3;

/** The id of a trace; it is the same in every process and every life of a log. */
export function traceId(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}

/** The first half of the tasks share a few traces, the others have their own. */
function traceOf(task: number): number {
  return task < TASKS / 2 ? task % SHARED_TRACES : 100 + task;
}

/** An event of a trace, of a random length; now and then a large one. */
export function makeEvent(
  trace_id: string,
  random: Random,
  batch: string | null = null,
): Event {
  const length = random.chance(0.02) ? random.int(5_000, 30_000) : 500;
  return createEvent({
    trace_id,
    task_id: traceId(1),
    type: "harness.step",
    source: "crash suite",
    // Two bytes each, so that a cut may come amid a character.
    payload: { batch, text: "ü".repeat(random.int(0, length / 2)) },
  });
}

/**
 * Appends with many tasks at once, a few of them with `appendAll`.
 *
 * @param sink Where to.
 * @param random What to draw the events from.
 * @param isOver Asked before each append whether to end.
 * @param acknowledged Told of each event as soon as its append resolves.
 * @param firstTrace Keeps the traces apart from those of another process.
 */
export async function appendWithTasks(
  sink: EventSink,
  random: Random,
  isOver: () => boolean,
  acknowledged: (stored: StoredEvent) => void,
  firstTrace = 0,
): Promise<void> {
  const task = async (number: number) => {
    const trace = traceId(firstTrace + traceOf(number));
    while (!isOver()) {
      if (number % 5 === 4 && random.chance(0.1)) {
        const batch = crypto.randomUUID();
        const events = Array.from(
          { length: BATCH },
          () => makeEvent(trace, random, batch),
        );
        (await sink.appendAll(events)).forEach(acknowledged);
      } else acknowledged(await sink.append(makeEvent(trace, random)));
    }
  };
  await Promise.all(Array.from({ length: TASKS }, (_, n) => task(n)));
}
