// A million events: does appending slow down, and does streaming stay small?
import { SqliteSink } from "../sinks/mod.ts";
import { append, makeEvents, rate } from "./_load.ts";
import type { StreamMemory } from "./stream_memory.ts";
import { perSecond, type Row } from "./_table.ts";

const TOTAL = 1_000_000;
const PART = 100_000;

/** Streams the log in a process of its own, which holds nothing else. */
async function streamMemory(path: string): Promise<StreamMemory> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-read",
      "--allow-write",
      new URL("stream_memory.ts", import.meta.url).pathname,
      path,
    ],
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(text.decode(stderr));
  return JSON.parse(text.decode(stdout));
}

/** The rows of the table that are about size. */
export async function growthRows(dir: string): Promise<Row[]> {
  const path = `${dir}/growth.db`;
  const rates: number[] = [];
  {
    await using sink = await SqliteSink.open(path, { driver: "builtin" });
    for (let at = 0; at < TOTAL; at += PART) {
      const events = makeEvents(PART);
      rates.push(await rate(PART, () => append(sink, events, 64)));
    }
  }
  const { count, idleMiB, peakMiB } = await streamMemory(path);
  if (count !== TOTAL) throw new Error(`streamed ${count} of ${TOTAL}`);
  return [{
    what: "rows 900k to 1M, to the first 100k",
    measured: `${perSecond(rates.at(-1)!)} to ${perSecond(rates[0]!)}`,
    ratio: rates.at(-1)! / rates[0]!,
    bound: { least: 0.7 },
  }, {
    what: "memory while streaming 1M, above idle",
    measured: `${peakMiB.toFixed(0)} MiB to ${idleMiB.toFixed(0)} MiB`,
    ratio: peakMiB - idleMiB,
    bound: { most: 64 },
    unit: "MiB",
  }];
}
