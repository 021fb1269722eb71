import {
  createEvent,
  type Event,
  parseEvent,
  SinkError,
} from "@zu/backends/sinks";

/** How large a run log may be: it is held in memory to be replayed. */
const BYTES_MAX = 256 * 1024 * 1024;
const NEWLINE = 0x0a;

/** A file that is no run log. */
export class RunLogError extends Error {}

/**
 * Reads a run log, one event a line.
 *
 * @throws {RunLogError} If it cannot be read, is empty or too large, or if a line
 * is no event; the message names the line.
 */
export async function readRunLog(path: string): Promise<Event[]> {
  const bytes = await readBytes(path);
  const events: Event[] = [];
  let line = 0;
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    events.push(readLine(bytes.subarray(start, end), `${path}:${++line}`));
    start = end + 1;
  }
  if (events.length === 0) {
    throw new RunLogError(`Cannot replay ${path}: it holds no events`);
  }
  return events;
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile) throw new Error("it is no regular file");
    if (size <= BYTES_MAX) return await Deno.readFile(path);
    throw new RunLogError(
      `Cannot replay ${path}: it has ${size} bytes, and the demo takes up to ` +
        `${BYTES_MAX}. Give it a part of the log, such as its first lines`,
    );
  } catch (cause) {
    if (cause instanceof RunLogError || !(cause instanceof Error)) throw cause;
    const message = `Cannot read the run log ${path}: ${cause.message}`;
    throw new RunLogError(message, { cause });
  }
}

function readLine(bytes: Uint8Array, place: string): Event {
  try {
    return parseEvent(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    // TextDecoder throws a TypeError for what is not UTF-8.
    if (!(cause instanceof SinkError || cause instanceof TypeError)) {
      throw cause;
    }
    const message = `${place}: this line is no event. ${cause.message}`;
    throw new RunLogError(message, { cause });
  }
}

/**
 * The events of a log, several times over: first as they are, then under fresh
 * ids, so that they are other events of other traces.
 *
 * Chain fields are left out, since the log that the events go to links and signs
 * them anew. Numbers of repeated events are those of JavaScript (1.0 is 1).
 */
export function* replayed(
  events: readonly Event[],
  times: number,
): Generator<Event> {
  for (let round = 0; round < times; round++) {
    const rename = round === 0 ? (id: string) => id : freshIds();
    for (const event of events) {
      const isUnlinked = (event.hash ?? event.prev_hash ?? event.sig) === null;
      yield round === 0 && isUnlinked ? event : createEvent({
        ...event,
        event_id: rename(event.event_id),
        trace_id: rename(event.trace_id),
        task_id: rename(event.task_id),
        parent_id: event.parent_id && rename(event.parent_id),
        prev_hash: null,
        hash: null,
        sig: null,
      });
    }
  }
}

/** Gives each id a fresh one: the same id the same one. */
function freshIds(): (id: string) => string {
  const fresh = new Map<string, string>();
  return (id) => {
    const known = fresh.get(id) ?? crypto.randomUUID();
    fresh.set(id, known);
    return known;
  };
}
