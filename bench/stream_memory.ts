// Streams a log once and prints how much memory that took, as JSON. Started by
// _growth.ts, since only a fresh process tells a stream's memory from others'.
import { SqliteSink } from "../sinks/mod.ts";

const MEBIBYTE = 1024 * 1024;

/** Resident memory before and while a log was streamed. */
export interface StreamMemory {
  readonly count: number;
  readonly idleMiB: number;
  readonly peakMiB: number;
}

function residentMiB(): number {
  return Deno.memoryUsage().rss / MEBIBYTE;
}

if (import.meta.main) {
  const [path] = Deno.args;
  await using sink = await SqliteSink.open(path!, {
    driver: "builtin",
    readOnly: true,
  });
  const idleMiB = residentMiB();
  let peakMiB = idleMiB;
  let count = 0;
  for await (const _ of sink.stream()) {
    if (++count % 1_000 === 0) peakMiB = Math.max(peakMiB, residentMiB());
  }
  const result: StreamMemory = { count, idleMiB, peakMiB };
  console.log(JSON.stringify(result));
}
