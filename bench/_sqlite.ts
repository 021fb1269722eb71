// SqliteSink beside the bare drivers and better-sqlite3.
import { barChart } from "./_chart.ts";
import { interleaved, type Subject } from "./_docker_rounds.ts";
import { sqliteVersions } from "./_env.ts";
import { median } from "./_load.ts";
import { Peer } from "./_peer.ts";
import type { BenchOptions, Table } from "./_section.ts";
import {
  APPENDERS,
  type Delays,
  type Driver,
  DRIVERS,
  freshAes,
  makeLog,
  peerSubjects,
  rawInsert,
  rawRead,
  sinkAppend,
  sinkRead,
  type SqliteLoad,
} from "./_sqlite_subjects.ts";
import { holds, perSecond, type Row } from "./_table.ts";

const ROUNDS = 3;
const FULL = { many: 40_000, few: 3_000 };
const QUICK = { many: 10_000, few: 1_000 };

/** The median of what a subject did, by its name. */
type Rate = (name: string) => number;
type AllDelays = Record<Driver, Delays>;

/** Measures everything, and makes the tables of it. */
export async function sqliteTables(
  { dir, quick }: BenchOptions,
): Promise<Table[]> {
  const load = { dir, ...(quick ? QUICK : FULL) };
  const delays = { builtin: { p99: [], max: [] }, ffi: { p99: [], max: [] } };
  const peer = Peer.start("sqlite");
  const absent = typeof peer === "string" ? peer : undefined;
  await using _ = typeof peer === "string" ? undefined : peer;
  const log = await makeLog(load);
  const subjects: Record<string, Subject> = {
    ...ourSubjects(load, log, delays),
    ...(typeof peer !== "string" && await peerSubjects(peer, load, log)),
  };
  const seen = await interleaved(quick ? 1 : ROUNDS, subjects);
  const of: Rate = (name) => median(seen[name]!);
  const versions = typeof peer === "string"
    ? undefined
    : await peer.ask<{ node: string; sqlite: string }>("versions");
  const under = versions
    ? `; better-sqlite3 has ${versions.sqlite}, under Node ${versions.node}`
    : `; without better-sqlite3: ${absent}`;
  return [
    boundsTable(of, delays),
    peersTable(of, versions !== undefined, await sqliteVersions() + under),
  ];
}

function ourSubjects(load: SqliteLoad, log: string, delays: AllDelays) {
  const subjects: Record<string, Subject> = {};
  for (const driver of DRIVERS) {
    Object.assign(subjects, {
      [`${driver} raw1`]: rawInsert(driver, load, 1),
      [`${driver} one`]: sinkAppend(driver, load, 1),
      [`${driver} raw64`]: rawInsert(driver, load, APPENDERS),
      [`${driver} plain`]: sinkAppend(driver, load, APPENDERS, {
        delays: delays[driver],
      }),
      [`${driver} raw256`]: rawInsert(driver, load, 256),
      [`${driver} aes`]: sinkAppend(driver, load, APPENDERS, {
        codec: freshAes(),
      }),
      [`${driver} rawRead`]: rawRead(driver, log, load.many),
      [`${driver} stream`]: sinkRead(driver, log, "stream"),
      [`${driver} verify`]: sinkRead(driver, log, "verify"),
    });
  }
  return subjects;
}

/** The rows that have a bound, for one driver. */
function boundRows(of: Rate, driver: Driver, { p99, max }: Delays): Row[] {
  const ratio = (what: string, ours: string, raw: string, least: number) => {
    const [a, b] = [of(`${driver} ${ours}`), of(`${driver} ${raw}`)];
    const measured = `${perSecond(a)} : ${perSecond(b)}`;
    return { what, measured, ratio: a / b, bound: { least } };
  };
  const late = (what: string, ms: number, most: number) => ({
    what: `loop delay while 64 append, ${what}`,
    measured: "timers late",
    ratio: ms,
    bound: { most },
    unit: "ms",
  });
  return [
    ratio("64 appenders, to raw in 256s", "plain", "raw256", 0.6),
    ratio("64 appenders, to raw one by one", "plain", "raw1", 3),
    ratio("64 appenders AES-256-GCM, to plain", "aes", "plain", 0.7),
    ratio("one appender, to raw one by one", "one", "raw1", 0.7),
    ratio("stream, to raw read and JSON.parse", "stream", "rawRead", 0.6),
    {
      what: "`verifyLog`, plain",
      measured: "by one thread",
      ratio: of(`${driver} verify`) / 1000,
      bound: { least: 100 },
      unit: "k/s",
    },
    late("p99", median(p99), 5),
    late("the worst", Math.max(...max), 20),
  ];
}

function boundsTable(of: Rate, delays: AllDelays): Table {
  const cell = (row: Row) => {
    const value = `${row.ratio.toFixed(2)} ${row.unit ?? "×"}`;
    const mark = holds(row) ? value : `**${value}**`;
    return row.unit === undefined ? `${mark} (${row.measured})` : mark;
  };
  const ffi = boundRows(of, "ffi", delays.ffi);
  return {
    title: "SqliteSink, and what is asked of it",
    columns: ["what", "builtin", "ffi", "asked for"],
    rows: boundRows(of, "builtin", delays.builtin).map((row, n) => {
      const { bound, unit = "×" } = row;
      const asked = "least" in bound! ? `≥ ${bound.least}` : `≤ ${bound!.most}`;
      return [row.what, cell(row), cell(ffi[n]!), `${asked} ${unit}`];
    }),
  };
}

/** What stands in the peers' table: names of subjects by what they do. */
const PEERS = [
  ["64 at once", [
    ["SqliteSink, builtin", "builtin plain"],
    ["SqliteSink, ffi", "ffi plain"],
    ["SqliteSink, builtin, AES-256-GCM", "builtin aes"],
    ["SqliteSink, ffi, AES-256-GCM", "ffi aes"],
    ["node:sqlite, 64 a commit", "builtin raw64"],
    ["@db/sqlite (links/), 64 a commit", "ffi raw64"],
    ["better-sqlite3, 64 a commit", "node raw64"],
    ["node:sqlite, 256 a commit", "builtin raw256"],
    ["@db/sqlite (links/), 256 a commit", "ffi raw256"],
    ["better-sqlite3, 256 a commit", "node raw256"],
  ]],
  ["one at a time", [
    ["SqliteSink, builtin", "builtin one"],
    ["SqliteSink, ffi", "ffi one"],
    ["node:sqlite, a commit each", "builtin raw1"],
    ["@db/sqlite (links/), a commit each", "ffi raw1"],
    ["better-sqlite3, a commit each", "node raw1"],
  ]],
  ["reading", [
    ["SqliteSink.stream, builtin", "builtin stream"],
    ["SqliteSink.stream, ffi", "ffi stream"],
    ["node:sqlite and JSON.parse", "builtin rawRead"],
    ["@db/sqlite (links/) and JSON.parse", "ffi rawRead"],
    ["better-sqlite3 and JSON.parse", "node rawRead"],
  ]],
] as const;

function peersTable(of: Rate, hasPeer: boolean, versions: string): Table {
  const rows: string[][] = [];
  const charts: Record<string, string> = {};
  for (const [what, all] of PEERS) {
    const here = all.filter(([, key]) => hasPeer || !key.startsWith("node"));
    const ours = of(here[0]![1]);
    for (const [label, key] of here) {
      const ratio = (ours / of(key)).toFixed(2);
      rows.push([what, label, perSecond(of(key)), `${ratio} ×`]);
    }
    charts[`sqlite-${what.replaceAll(" ", "-")}`] = barChart(
      `SQLite, ${what}: events a second`,
      here.map(([label, key]) => ({
        label,
        value: of(key),
        text: perSecond(of(key)),
        isOurs: label.startsWith("SqliteSink"),
      })),
    );
  }
  return {
    title: "SqliteSink beside its peers",
    note:
      `${versions}. All on WAL with \`synchronous=FULL\`: an \`fdatasync\` ` +
      "before a commit returns. The sink's appends are each acknowledged; a " +
      "loop's are in the hands of the loop.",
    columns: ["what", "who", "events a second", "SqliteSink, builtin, to it"],
    rows,
    charts,
  };
}
