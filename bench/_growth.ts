// From ten thousand events to three million: does appending slow down, does
// looking, and does streaming stay small?
import { lineChart, short } from "./_chart.ts";
import { milliseconds } from "./_docker_rounds.ts";
import {
  type Growing,
  growingJsonl,
  growingRaw,
  growingSqlite,
  type Growth,
} from "./_growth_subjects.ts";
import { type BenchOptions, boundTable, type Table } from "./_section.ts";
import type { StreamMemory } from "./stream_memory.ts";
import { perSecond } from "./_table.ts";

const SIZES = [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000];
const QUICK_MOST = 300_000;
/** From here to there, appending may lose this much. */
const FIRST = 100_000;
const LAST = 1_000_000;

const SINK = "SqliteSink, builtin";
const GROWING: Readonly<
  Record<string, (dir: string) => Growing | Promise<Growing>>
> = {
  [SINK]: growingSqlite,
  "node:sqlite, 64 a commit": growingRaw,
  "JsonlSink, batch": growingJsonl,
};

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

/** Lets all logs grow, in turns. */
async function growAll(
  dir: string,
  sizes: readonly number[],
): Promise<Record<string, Growth[]>> {
  const seen: Record<string, Growth[]> = {};
  const logs: Record<string, Growing> = {};
  for (const [name, start] of Object.entries(GROWING)) {
    const folder = `${dir}/${Object.keys(logs).length}`;
    await Deno.mkdir(folder);
    logs[name] = await start(folder);
    seen[name] = [];
  }
  for (const size of sizes) {
    for (const [name, log] of Object.entries(logs)) {
      seen[name]!.push(await log.growTo(size));
    }
  }
  for (const log of Object.values(logs)) await log.close();
  return seen;
}

/** Measures everything, and makes the tables of it. */
export async function growthTables(
  { dir, quick }: BenchOptions,
): Promise<Table[]> {
  const sizes = SIZES.filter((size) => !quick || size <= QUICK_MOST);
  const seen = await growAll(dir, sizes);
  const last = sizes.at(-1)!;
  const { count, idleMiB, peakMiB } = await streamMemory(`${dir}/0/log.db`);
  if (count !== last) throw new Error(`streamed ${count} of ${last}`);
  const ours = seen[SINK]!;
  const rateAt = (size: number) => ours[sizes.indexOf(size)]!.appendPerSec;
  const late = quick ? last : LAST;
  return [
    boundTable("A log that grows, and what is asked of it", [{
      what: `appending at ${short(late)} events, to that at ${short(FIRST)}`,
      measured: `${perSecond(rateAt(late))} : ${perSecond(rateAt(FIRST))}`,
      ratio: rateAt(late) / rateAt(FIRST),
      bound: { least: 0.7 },
    }, {
      what: `memory while streaming ${short(last)}, above idle`,
      measured: `${peakMiB.toFixed(0)} MiB, above ${idleMiB.toFixed(0)} MiB`,
      ratio: peakMiB - idleMiB,
      bound: { most: 64 },
      unit: "MiB",
    }]),
    growthTable(sizes, seen),
  ];
}

function growthTable(
  sizes: readonly number[],
  seen: Readonly<Record<string, readonly Growth[]>>,
): Table {
  const chart = (title: string, of: keyof Growth) =>
    lineChart(
      title,
      sizes,
      Object.entries(seen).map(([label, growths]) => ({
        label,
        values: growths.map((growth) => growth[of]),
      })),
    );
  return {
    title: "A log that grows, beside the bare driver's",
    note: "64 appenders on 16 traces, which are others after every 10,000 " +
      "events. Rates are medians of the last ten of those, looks of thirty, " +
      "from all over the log; JsonlSink, which has no index, reads lines for " +
      "a filter, and was asked once, for the middle. Parts that it rotated " +
      "are compressed, and these events are all alike.",
    columns: [
      "events",
      "who",
      "appends a second",
      "bytes an event",
      "one by its id",
      "100 of a trace",
      "a stream's first, from the middle",
    ],
    rows: sizes.flatMap((size, n) =>
      Object.entries(seen).map(([name, growths]) => {
        const growth = growths[n]!;
        return [
          short(size),
          name,
          perSecond(growth.appendPerSec),
          growth.bytesPerEvent.toFixed(0),
          milliseconds(growth.byIdMs),
          milliseconds(growth.byTraceMs),
          milliseconds(growth.streamMs),
        ];
      })
    ),
    charts: {
      "growth-append": chart(
        "Appends a second, by events in the log",
        "appendPerSec",
      ),
      "growth-size": chart(
        "Bytes on disk an event, by events in the log",
        "bytesPerEvent",
      ),
    },
  };
}
