// Appends to a log as a process of its own. It opens the log, says "ready", waits
// for the end of its stdin, so that several begin at once, and then writes what
// became of it to stdout: the numbers of what was acknowledged, or the error.
//
//   deno run … appending_program.ts <log> <driver> <first number> <events> <tasks>
//     [<writers>]
//
// With a number of writers, it appends one event and waits until all of them have.
import { createEvent, SinkError, SqliteSink } from "../../../sinks/mod.ts";

const [log, driver, first, count, tasks, writers = 1] = Deno.args;
const TRACES = 3;

function uuid(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}

async function run(): Promise<unknown> {
  await using sink = await SqliteSink.open(log!, {
    driver: driver as "ffi" | "builtin" | "auto",
    busyTimeoutMs: 30_000,
    followPollMs: 10,
  });
  await Deno.stdout.write(new TextEncoder().encode("ready\n"));
  await Array.fromAsync(Deno.stdin.readable);
  const acknowledged: number[] = [];
  let next = Number(first);
  const end = next + Number(count);
  const appendNext = async () => {
    const number = next++;
    await sink.append(createEvent({
      event_id: uuid(number),
      trace_id: uuid(900_000 + number % TRACES),
      task_id: uuid(2),
      type: "harness.step",
      source: `process of ${first}`,
      payload: { number },
    }));
    acknowledged.push(number);
  };
  const task = async () => {
    while (next < end) await appendNext();
  };
  if (Number(writers) > 1) {
    await appendNext();
    const seen = new Set<string>();
    for await (const { event } of sink.stream({}, { follow: true })) {
      if (seen.add(event.source).size === Number(writers)) break;
    }
  }
  await Promise.all(Array.from({ length: Number(tasks) }, task));
  return { acknowledged, driver: sink.driver };
}

try {
  console.log(JSON.stringify(await run()));
} catch (error) {
  if (!(error instanceof SinkError)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
