// SqliteSink, the bare drivers and better-sqlite3, each measured in a turn of
// its own: how many events a second.
import { AesGcmCodec } from "../codec/mod.ts";
import { type PayloadCodec, SqliteSink, verifyLog } from "../sinks/mod.ts";
import type { Subject } from "./_docker_rounds.ts";
import { append, EVENT_BYTES, makeEvents, rate, writeTexts } from "./_load.ts";
import type { Peer } from "./_peer.ts";
import { blobLike, openRaw } from "./_raw_sqlite.ts";

/** How many append at once where many do. */
export const APPENDERS = 64;
/** The drivers of the sink. */
export const DRIVERS = ["builtin", "ffi"] as const;
const WARM_UP = 1_000;

/** A driver of the sink. */
export type Driver = (typeof DRIVERS)[number];

/** How much is measured, and where. */
export interface SqliteLoad {
  readonly dir: string;
  /** Events of a turn in which many append. */
  readonly many: number;
  /** Events of a turn with a commit for each. */
  readonly few: number;
}

/** By how much timers were late while a sink was at work, in each turn. */
export interface Delays {
  readonly p99: number[];
  readonly max: number[];
}

/** Measures by how much timers are late, until told to stop. */
function watchLoop(delays: Delays): () => void {
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
    delays.p99.push(late[Math.floor(late.length * 0.99)] ?? 0);
    delays.max.push(late.at(-1) ?? 0);
  };
}

/** Has a new file's path, and removes the file and what SQLite puts beside it. */
async function withFile<T>(
  dir: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = `${dir}/${crypto.randomUUID()}.db`;
  try {
    return await use(path);
  } finally {
    for await (const { name } of Deno.readDir(dir)) {
      if (path.endsWith(name.slice(0, 39))) await Deno.remove(`${dir}/${name}`);
    }
  }
}

/** The bare driver, so many rows to a transaction. */
export function rawInsert(
  driver: Driver,
  { dir, many, few }: SqliteLoad,
  perTransaction: number,
): Subject {
  const events = makeEvents(perTransaction === 1 ? few : many);
  const blob = blobLike(events[0]!, EVENT_BYTES);
  return () =>
    withFile(dir, async (path) => {
      const db = await openRaw(driver, path);
      const insert = () => db.insert(events, perTransaction, blob);
      const perSec = await rate(events.length, insert);
      db.close();
      return [perSec];
    });
}

/** The sink; with a codec, or with the loop's delays. */
export function sinkAppend(
  driver: Driver,
  { dir, many, few }: SqliteLoad,
  appenders: number,
  { codec, delays }: { codec?: PayloadCodec; delays?: Delays } = {},
): Subject {
  const count = appenders === 1 ? few : many;
  return () =>
    withFile(dir, async (path) => {
      const events = makeEvents(count);
      await using sink = await SqliteSink.open(path, {
        driver,
        ...(codec && { codec }),
      });
      await append(sink, makeEvents(WARM_UP), appenders);
      const stop = delays && watchLoop(delays);
      const perSec = await rate(
        count,
        () => append(sink, events, appenders),
      );
      stop?.();
      return [perSec];
    });
}

/** A codec with a key of its own. */
export function freshAes(): AesGcmCodec {
  return new AesGcmCodec(crypto.getRandomValues(new Uint8Array(32)));
}

/** Makes the log that is read, and tells where it is. */
export async function makeLog({ dir, many }: SqliteLoad): Promise<string> {
  const path = `${dir}/read.db`;
  await using sink = await SqliteSink.open(path, { driver: "builtin" });
  await append(sink, makeEvents(many), APPENDERS);
  return path;
}

/** Streams a log, or verifies it. */
export function sinkRead(
  driver: Driver,
  path: string,
  how: "stream" | "verify",
): Subject {
  return async () => {
    await using sink = await SqliteSink.open(path, { driver, readOnly: true });
    const count = await sink.count();
    return [
      await rate(count, async () => {
        if (how === "verify") return void await verifyLog(sink);
        for await (const _ of sink.stream()) { /* Nothing but the reading. */ }
      }),
    ];
  };
}

/** The bare driver, reading pages and parsing their JSON. */
export function rawRead(driver: Driver, path: string, count: number): Subject {
  return async () => {
    const db = await openRaw(driver, path);
    const perSec = await rate(count, () => db.readAll());
    db.close();
    return [perSec];
  };
}

/** better-sqlite3 under Node, in the same ways. */
export async function peerSubjects(
  peer: Peer,
  { dir, many, few }: SqliteLoad,
  log: string,
): Promise<Record<string, Subject>> {
  const texts = `${dir}/texts.jsonl`;
  await writeTexts(texts, many);
  await peer.ask("load", { path: texts });
  const insert = (perTransaction: number, count: number): Subject => () =>
    withFile(dir, async (path) => {
      (await openRaw("builtin", path)).close();
      return [await peer.ask("insert", { path, count, perTransaction })];
    });
  return {
    "node raw1": insert(1, few),
    "node raw64": insert(APPENDERS, many),
    "node raw256": insert(256, many),
    "node rawRead": async () => [
      await peer.ask("read", { path: log, count: many }),
    ],
  };
}
