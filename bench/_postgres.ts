// PostgresSink beside npm:postgres in a loop, on a server of its own.
import { PostgresSink } from "../sinks/postgres_sink.ts";
import { whyNoPostgres } from "../tests/postgres/_programs.ts";
import { PostgresServer } from "../tests/postgres/_server.ts";
import { interleaved } from "./_docker_rounds.ts";
import { makeEvents, median } from "./_load.ts";
import {
  processesAppend,
  rawInTransactions,
  rawOneByOne,
  rawRead,
  readMemory,
  sinkAppend,
  sinkStream,
} from "./_postgres_subjects.ts";
import { withSchema } from "./_raw_postgres.ts";
import type { ReadMemory } from "./postgres_appending.ts";
import { type BenchOptions, boundTable, type Table } from "./_section.ts";
import { APPENDERS, freshAes } from "./_sqlite_subjects.ts";
import { perSecond, type Row } from "./_table.ts";

const FULL = { many: 40_000, few: 4_000, read: 1_000_000, rounds: 3 };
const QUICK = { many: 10_000, few: 1_000, read: 50_000, rounds: 1 };
const CONNECTIONS = 16;
const MEBIBYTE = 1024 * 1024;
const BATCH = 1024;

const decoder = new TextDecoder();
const parseJson = (data: Uint8Array) => {
  JSON.parse(decoder.decode(data.subarray(1)));
};

async function fill(url: string, schema: string, count: number): Promise<void> {
  await using sink = await PostgresSink.open(url, { schema });
  for (let n = 0; n < count; n += BATCH) {
    await sink.appendAll(makeEvents(Math.min(BATCH, count - n)));
  }
}

/** Measures everything, and makes the table of it. */
export async function postgresTables(
  { quick }: BenchOptions,
): Promise<Table[] | string> {
  const lack = await whyNoPostgres();
  if (lack !== undefined) return lack;
  const { many, few, read, rounds } = quick ? QUICK : FULL;
  await using server = await PostgresServer.start({
    settings: { shared_buffers: "256MB", max_wal_size: "4GB" },
  });
  const url = server.url();
  const appending = await interleaved(rounds, {
    raw256: rawInTransactions(url, many, 256),
    raw64: rawInTransactions(url, many, APPENDERS),
    raw1: rawOneByOne(url, few, 1, 1),
    raw1x64: rawOneByOne(url, many, APPENDERS, CONNECTIONS),
    sink: sinkAppend(url, many, { connections: CONNECTIONS }),
    aes: sinkAppend(url, many, {
      connections: CONNECTIONS,
      codec: freshAes(),
    }),
    one: processesAppend(url, many, 1),
    four: processesAppend(url, many, 4),
  });
  return await withSchema(url, async (schema) => {
    await fill(url, schema, read);
    const reading = await interleaved(quick ? 1 : 2, {
      stream: sinkStream(url, schema),
      rawRead: rawRead(url, schema, () => {}),
      rawParse: rawRead(url, schema, parseJson),
    });
    const memory = {
      all: await readMemory("stream", url, schema, read),
      half: await readMemory("stream", url, schema, read / 2),
      bare: await readMemory("read", url, schema, read),
    };
    const of = Object.fromEntries(
      Object.entries({ ...appending, ...reading }).map((
        [name, values],
      ) => [name, median(values)]),
    );
    const version = await server.psql("SHOW server_version");
    const table = boundTable(
      "PostgresSink, and what is asked of it",
      rowsOf(of, memory),
    );
    return [{
      ...table,
      note: `PostgreSQL ${version} on loopback, \`fsync\` and ` +
        "`synchronous_commit` on. The bare loops insert the same rows, encoded " +
        "before, into the same tables, several rows to a statement.",
    }];
  });
}

function rowsOf(
  of: Readonly<Record<string, number>>,
  memory: Readonly<Record<"all" | "half" | "bare", ReadMemory>>,
): Row[] {
  const row = (what: string, a: string, b: string, least?: number): Row => ({
    what,
    measured: `${perSecond(of[a]!)} : ${perSecond(of[b]!)}`,
    ratio: of[a]! / of[b]!,
    ...least !== undefined && { bound: { least } },
  });
  const above = ({ most, idle }: ReadMemory) => (most - idle) / MEBIBYTE;
  const memoryRow = (what: string, to: ReadMemory, most: number): Row => ({
    what,
    measured: `${above(memory.all).toFixed(0)} MiB : ${
      above(to).toFixed(0)
    } MiB`,
    ratio: above(memory.all) / above(to),
    bound: { most },
  });
  const { all, half, bare } = memory;
  return [
    row("64 appenders, 16 connections, to bare in 256s", "sink", "raw256", 0.6),
    row("the same, to bare in 64s", "sink", "raw64"),
    row("the same, to an insert each, one after the other", "sink", "raw1", 4),
    row("the same, to an insert each, 64 at once on 16", "sink", "raw1x64"),
    row("the same with AES-256-GCM, to plain", "aes", "sink"),
    row("four processes, to one", "four", "one", 1),
    row("stream, to a bare read by pages", "stream", "rawRead", 0.6),
    row("stream, to a bare read and JSON.parse", "stream", "rawParse"),
    memoryRow(
      `memory of streaming ${all.seen}, to streaming ${half.seen}`,
      half,
      1.25,
    ),
    memoryRow(`memory of streaming ${all.seen}, to a bare read`, bare, 1),
  ];
}
