// SqliteSink beside the bare driver.
import { AesGcmCodec } from "../codec/mod.ts";
import { type PayloadCodec, SqliteSink, verifyLog } from "../sinks/mod.ts";
import { append, EVENT_BYTES, makeEvents, median, rate } from "./_load.ts";
import { blobLike, openRaw } from "./_raw_sqlite.ts";
import { perSecond, type Row } from "./_table.ts";

const ROUNDS = 3;
const MANY = 40_000;
const FEW = 3_000;
const APPENDERS = 64;

type Driver = "ffi" | "builtin";

async function rawInsert(driver: Driver, dir: string, perTransaction: number) {
  const events = makeEvents(perTransaction === 1 ? FEW : MANY);
  const blob = blobLike(events[0]!, EVENT_BYTES);
  const path = `${dir}/${crypto.randomUUID()}.db`;
  const db = await openRaw(driver, path);
  const perSec = await rate(
    events.length,
    () => db.insert(events, perTransaction, blob),
  );
  db.close();
  return perSec;
}

async function sinkAppend(
  driver: Driver,
  dir: string,
  appenders: number,
  codec?: PayloadCodec,
) {
  const events = makeEvents(appenders === 1 ? FEW : MANY);
  const path = `${dir}/${crypto.randomUUID()}.db`;
  const sink = await SqliteSink.open(path, {
    driver,
    ...(codec && { codec }),
  });
  await append(sink, makeEvents(1000), appenders);
  const delays = appenders > 1 ? watchLoop() : undefined;
  const perSec = await rate(
    events.length,
    () => append(sink, events, appenders),
  );
  const delay = delays?.();
  await sink.close();
  return { perSec, path, delay };
}

/** Measures by how much timers are late, until told to stop. */
function watchLoop(): () => { p99: number; max: number } {
  const late: number[] = [];
  let due = performance.now() + 1;
  const timer = setInterval(() => {
    const now = performance.now();
    late.push(Math.max(0, now - due));
    due = now + 1;
  }, 1);
  return () => {
    clearInterval(timer);
    late.sort((a, b) => a - b);
    return {
      p99: late[Math.floor(late.length * 0.99)] ?? 0,
      max: late.at(-1) ?? 0,
    };
  };
}

async function streamAll(driver: Driver, path: string) {
  await using sink = await SqliteSink.open(path, { driver, readOnly: true });
  const count = await sink.count();
  const streamed = await rate(count, async () => {
    for await (const _ of sink.stream()) { /* Nothing but the reading. */ }
  });
  const verified = await rate(count, () => verifyLog(sink));
  return { streamed, verified };
}

async function rawRead(driver: Driver, path: string) {
  const db = await openRaw(driver, path);
  const start = performance.now();
  const count = db.readAll();
  const perSec = count / (performance.now() - start) * 1000;
  db.close();
  return perSec;
}

/** Every row of the table that is about SQLite. */
export async function sqliteRows(driver: Driver, dir: string): Promise<Row[]> {
  const seen: Record<string, number[]> = {};
  const note = (name: string, value: number) => (seen[name] ??= []).push(value);
  for (let round = 0; round < ROUNDS; round++) {
    note("raw1", await rawInsert(driver, dir, 1));
    note("one", (await sinkAppend(driver, dir, 1)).perSec);
    note("raw64", await rawInsert(driver, dir, APPENDERS));
    note("raw256", await rawInsert(driver, dir, 256));
    const plain = await sinkAppend(driver, dir, APPENDERS);
    note("plain", plain.perSec);
    note("p99", plain.delay!.p99);
    note("max", plain.delay!.max);
    const codec = new AesGcmCodec(crypto.getRandomValues(new Uint8Array(32)));
    note("aes", (await sinkAppend(driver, dir, APPENDERS, codec)).perSec);
    note("rawRead", await rawRead(driver, plain.path));
    const { streamed, verified } = await streamAll(driver, plain.path);
    note("stream", streamed);
    note("verify", verified);
  }
  const of = (name: string) => median(seen[name]!);
  const versus = (ours: string, theirs: string) =>
    `${perSecond(of(ours))} to ${perSecond(of(theirs))}`;
  const ratio = (
    what: string,
    ours: string,
    theirs: string,
    least: number,
  ): Row => ({
    what,
    measured: versus(ours, theirs),
    ratio: of(ours) / of(theirs),
    bound: { least },
  });
  console.log(
    `\n${driver}: the bare driver does ${
      perSecond(of("raw64"))
    } with 64 rows a ` +
      "transaction, the most that 64 appenders who each await can fill",
  );
  return [
    ratio("64 appenders, to raw in 256s", "plain", "raw256", 0.6),
    ratio("64 appenders, to raw one by one", "plain", "raw1", 3),
    ratio("64 appenders AES-256-GCM, to plain", "aes", "plain", 0.7),
    ratio("one appender, to raw one by one", "one", "raw1", 0.7),
    ratio("stream, to raw read and JSON.parse", "stream", "rawRead", 0.6),
    {
      what: "verifyLog, plain",
      measured: perSecond(of("verify")),
      ratio: of("verify") / 1000,
      bound: { least: 100 },
      unit: "k/s",
    },
    {
      what: "loop delay while 64 append, p99",
      measured: "timers late",
      ratio: of("p99"),
      bound: { most: 5 },
      unit: "ms",
    },
    {
      what: "loop delay while 64 append, max",
      measured: "timers late",
      ratio: Math.max(...seen.max!),
      bound: { most: 20 },
      unit: "ms",
    },
  ];
}
