// JsonlSink under each fsync policy, beside pino with fsync and without.
import { type FsyncPolicy, JsonlSink } from "../sinks/mod.ts";
import { barChart } from "./_chart.ts";
import { interleaved, type Subject } from "./_docker_rounds.ts";
import { append, makeEvents, median, rate, writeTexts } from "./_load.ts";
import { Peer } from "./_peer.ts";
import { type BenchOptions, boundTable, type Table } from "./_section.ts";
import { perSecond } from "./_table.ts";

const ROUNDS = 3;
const FULL = { many: 60_000, few: 2_000 };
const QUICK = { many: 10_000, few: 500 };
const WARM_UP = 1_000;

/** What a row is about: a name, what has been synced, and how it is measured. */
interface Entry {
  readonly label: string;
  readonly synced: string;
  readonly subject: Subject;
}

function ours(
  dir: string,
  fsync: FsyncPolicy,
  appenders: number,
  count: number,
): Subject {
  return async () => {
    const path = `${dir}/${crypto.randomUUID()}.jsonl`;
    const events = makeEvents(count);
    await using sink = new JsonlSink(path, { fsync });
    await append(sink, makeEvents(WARM_UP), appenders);
    return [await rate(count, () => append(sink, events, appenders))];
  };
}

function theirs(
  peer: Peer,
  dir: string,
  count: number,
  how: { sync: boolean; fsync: boolean; minLength: number },
): Subject {
  return async () => {
    const path = `${dir}/${crypto.randomUUID()}.log`;
    const perSec = await peer.ask("log", { path, count, ...how });
    await Deno.remove(path);
    return [perSec];
  };
}

function ourEntries(dir: string, many: number, few: number): Entry[] {
  const entry = (
    fsync: FsyncPolicy,
    appenders: number,
    count: number,
    synced: string,
  ) => ({
    label: `JsonlSink, ${fsync}, ${appenders} at once`,
    synced,
    subject: ours(dir, fsync, appenders, count),
  });
  return [
    entry("batch", 64, many, "each, before it is acknowledged, in groups"),
    entry("batch", 1, few, "each, before it is acknowledged"),
    entry("always", 64, few, "each on its own, before it is acknowledged"),
    entry("always", 1, few, "each on its own, before it is acknowledged"),
    entry("never", 64, many, "nothing"),
    entry("never", 1, many, "nothing"),
  ];
}

async function pinoEntries(
  peer: Peer,
  dir: string,
  many: number,
  few: number,
): Promise<Entry[]> {
  const path = `${dir}/texts.jsonl`;
  await writeTexts(path, many);
  await peer.ask("load", { path });
  const entry = (
    label: string,
    synced: string,
    count: number,
    sync: boolean,
    fsync: boolean,
    minLength: number,
  ) => ({
    label,
    synced,
    subject: theirs(peer, dir, count, { sync, fsync, minLength }),
  });
  const kib = 1024;
  const later = "each write, later; no one is told";
  return [
    entry("pino, sync, fsync", "each on its own", few, true, true, 0),
    entry("pino, async, fsync", later, many, false, true, 0),
    entry("pino, async, fsync, 15 KiB", later, many, false, true, 15 * kib),
    entry("pino, sync", "nothing", many, true, false, 0),
    entry("pino, async", "nothing", many, false, false, 0),
    entry("pino, async, 4 KiB", "nothing", many, false, false, 4 * kib),
  ];
}

/** Measures everything, and makes the tables of it. */
export async function jsonlTables(
  { dir, quick }: BenchOptions,
): Promise<Table[]> {
  const { many, few } = quick ? QUICK : FULL;
  const peer = Peer.start("pino");
  await using _ = typeof peer === "string" ? undefined : peer;
  const entries = ourEntries(dir, many, few);
  let who = `without pino: ${peer}`;
  if (typeof peer !== "string") {
    entries.push(...await pinoEntries(peer, dir, many, few));
    who = `pino ${(await peer.ask<{ pino: string }>("versions")).pino}`;
  }
  const subjects = Object.fromEntries(
    entries.map(({ label, subject }) => [label, subject]),
  );
  const seen = await interleaved(quick ? 1 : ROUNDS, subjects);
  const of = (label: string) => median(seen[label]!);
  const batch = of(entries[0]!.label);
  const each = of("JsonlSink, always, 1 at once");
  return [
    boundTable("JsonlSink, and what is asked of it", [{
      what: "64 appenders, fsync batch, to fsync each",
      measured: `${perSecond(batch)} : ${perSecond(each)}`,
      ratio: batch / each,
      bound: { least: 20 },
    }]),
    {
      title: "JsonlSink beside pino",
      note: `${who}. The same events; pino's lines are 11 bytes longer, by ` +
        "its level. A size is how much pino gathers before it writes.",
      columns: [
        "who",
        "what is synced",
        "events a second",
        "batch of 64 to it",
      ],
      rows: entries.map(({ label, synced }) => [
        label,
        synced,
        perSecond(of(label)),
        `${(batch / of(label)).toFixed(2)} ×`,
      ]),
      charts: {
        jsonl: barChart(
          "JSONL: events a second",
          entries.map(({ label }) => ({
            label,
            value: of(label),
            text: perSecond(of(label)),
            isOurs: label.startsWith("JsonlSink"),
          })),
        ),
      },
    },
  ];
}
