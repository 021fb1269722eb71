// Appends to many traces, one event to each and one more to some of them, and
// tells what verifyLog finds. It is run with little memory.
//
//   deno run … many_traces_program.ts <log> <variant, JSON> <traces>
import { createEvent, type Event, verifyLog } from "../../sinks/mod.ts";
import { openLog, type Variant } from "./_logs.ts";

const BATCH = 500;
/** Every how manyth trace gets a second event, long after its first. */
const SECOND = 10;

const [log, variant, traces] = Deno.args as [string, string, string];

function event(trace: number): Event {
  const trace_id = `00000000-0000-4000-8000-${
    trace.toString(16).padStart(12, "0")
  }`;
  return createEvent({
    trace_id,
    task_id: trace_id,
    type: "harness.step",
    source: "faults",
  });
}

await using sink = await openLog(log, JSON.parse(variant) as Variant);
for (const step of [1, SECOND]) {
  for (let at = 0; at < Number(traces); at += BATCH * step) {
    const batch = Array.from({ length: BATCH }, (_, n) => event(at + n * step));
    await sink.appendAll(batch);
  }
}
const { events, traces: found, unlinked, violations } = await verifyLog(sink);
console.log(JSON.stringify({
  events,
  traces: found,
  unlinked,
  violations: violations.length,
}));
