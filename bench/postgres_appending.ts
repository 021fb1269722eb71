// Appends events from one process of several, or reads a log and tells of its memory.
// Started by _postgres.ts, which prints when to begin.
import { PostgresSink } from "../sinks/postgres_sink.ts";
import { append, makeEvents } from "./_load.ts";
import { RawPostgres } from "./_raw_postgres.ts";
import { APPENDERS } from "./_sqlite_subjects.ts";

/** Until what runs often has been compiled: four processes share two cores for that. */
const WARM_UP = 8_000;

const [what = "", url = "", schema = "", count = ""] = Deno.args;

if (import.meta.main && what === "append") {
  // Each process has traces of its own, as each agent has.
  const events = makeEvents(Number(count));
  await using sink = await PostgresSink.open(url, { schema, connections: 4 });
  await append(sink, makeEvents(WARM_UP), APPENDERS);
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(1));
  await append(sink, events, APPENDERS);
  console.log("done");
}

/** Memory before and while a log was read. */
export interface ReadMemory {
  readonly seen: number;
  readonly idle: number;
  readonly most: number;
}

class MemoryMeter {
  readonly #idle = Deno.memoryUsage().rss;
  #most = this.#idle;
  #seen = 0;

  /** Counts an event; returns how many there have been. */
  count(): number {
    if (++this.#seen % 1000 === 0) {
      this.#most = Math.max(this.#most, Deno.memoryUsage().rss);
    }
    return this.#seen;
  }

  print(): void {
    const [seen, idle, most] = [this.#seen, this.#idle, this.#most];
    const found: ReadMemory = { seen, idle, most };
    console.log(JSON.stringify(found));
  }
}

if (import.meta.main && what === "stream") {
  await using sink = await PostgresSink.open(url, { schema, readOnly: true });
  const meter = new MemoryMeter();
  for await (const _ of sink.stream()) {
    if (meter.count() === Number(count)) break;
  }
  meter.print();
}

if (import.meta.main && what === "read") {
  await using raw = new RawPostgres(url, schema, 1);
  const meter = new MemoryMeter();
  await raw.readAll(() => void meter.count());
  meter.print();
}
