// How many bytes an event takes on disk, by the size of its payload and by who
// stores it.
import { AesGcmCodec, ManagedAesGcmCodec } from "../codec/mod.ts";
import {
  createEvent,
  type Event,
  JsonlSink,
  type PayloadCodec,
  serializeEvent,
  SqliteSink,
} from "../sinks/mod.ts";
import { loadDriver } from "../sinks/sqlite/load_driver.ts";
import { lineChart, short } from "./_chart.ts";
import { append } from "./_load.ts";
import { Peer } from "./_peer.ts";
import type { BenchOptions, Table } from "./_section.ts";

/** Sizes of payloads, and how many events of each are stored. */
const SIZES = [[100, 20_000], [1_000, 10_000], [10_000, 2_000], [
  100_000,
  400,
]] as const;
const QUICK_SHARE = 10;
const APPENDERS = 64;
const TRACES = 16;
const WORDS = 2_000;
const WORD_CHARS_MAX = 9;
const LETTERS = "etaoinshrdlucmfwypvbgkjqxz";
/** How often the logs are rotated where they are compressed. */
const ROTATED_BYTES = 4_000_000;

/** Numbers from 0 to 1 that are the same in every run (Lehmer's, 48271). */
function repeatable(): () => number {
  let state = 20_261_124;
  return () => (state = state * 48_271 % 0x7fffffff) / 0x7fffffff;
}

/** Payloads whose JSON has a size; words, so that gzip finds what it would. */
function payloads(bytes: number): () => Record<string, unknown> {
  const random = repeatable();
  const pick = <T>(of: ArrayLike<T>, bias: number) =>
    of[Math.floor(random() ** bias * of.length)]!;
  const words = Array.from({ length: WORDS }, () => {
    const length = 1 + Math.ceil(random() * WORD_CHARS_MAX);
    return Array.from({ length }, () => pick(LETTERS, 2)).join("");
  });
  const room = bytes - JSON.stringify({ text: "" }).length;
  return () => {
    let text = "";
    while (text.length < room) text += `${pick(words, 2)} `;
    return { text: text.slice(0, room) };
  };
}

function makeEvents(bytes: number, count: number): Event[] {
  const payload = payloads(bytes);
  const traces = Array.from({ length: TRACES }, () => crypto.randomUUID());
  const task_id = crypto.randomUUID();
  return Array.from({ length: count }, (_, n) =>
    createEvent({
      trace_id: traces[n % TRACES]!,
      task_id,
      type: "harness.tool.returned",
      source: "tools",
      payload: payload(),
    }));
}

/** Stores events in a folder of its own; what is in it then is counted. */
type Store = (dir: string, events: readonly Event[]) => Promise<void>;

function sqlite(codec?: () => PayloadCodec): Store {
  return async (dir, events) => {
    await using sink = await SqliteSink.open(`${dir}/log.db`, {
      driver: "builtin",
      ...(codec && { codec: codec() }),
    });
    await append(sink, events, APPENDERS);
  };
}

function jsonl(maxBytes?: number): Store {
  return async (dir, events) => {
    await using sink = new JsonlSink(`${dir}/log.jsonl`, {
      fsync: "never",
      ...(maxBytes !== undefined && { maxBytes }),
    });
    await append(sink, events, APPENDERS);
  };
}

const key = () => crypto.getRandomValues(new Uint8Array(32));
const managed = () => {
  const bytes = key();
  return new ManagedAesGcmCodec({ currentKeyId: "2026-11", key: () => bytes });
};

/** A table of texts and nothing else: what SQLite itself takes. */
const bareTable: Store = async (dir, events) => {
  const db = (await loadDriver("builtin")).open(`${dir}/bare.db`, {
    readOnly: false,
  });
  db.exec("CREATE TABLE events(seq INTEGER PRIMARY KEY, data BLOB); BEGIN");
  const insert = db.prepare("INSERT INTO events(data) VALUES (?)");
  const encoder = new TextEncoder();
  for (const event of events) insert.run(encoder.encode(serializeEvent(event)));
  db.exec("COMMIT");
  db.close();
};

function pino(peer: Peer): Store {
  return async (dir, events) => {
    const path = `${dir}/../texts.jsonl`;
    const texts = events.map((event) => `${serializeEvent(event)}\n`);
    await Deno.writeTextFile(path, texts.join(""));
    await peer.ask("load", { path });
    const count = events.length;
    const how = { sync: true, fsync: false, minLength: 0 };
    await peer.ask("log", { path: `${dir}/pino.log`, count, ...how });
  };
}

/** How many bytes the files of a folder have. */
export async function folderBytes(dir: string): Promise<number> {
  let bytes = 0;
  for await (const { name } of Deno.readDir(dir)) {
    bytes += (await Deno.stat(`${dir}/${name}`)).size;
  }
  return bytes;
}

/** Measures everything, and makes the table of it. */
export async function sizeTables(
  { dir, quick }: BenchOptions,
): Promise<Table[]> {
  const peer = Peer.start("pino");
  await using _ = typeof peer === "string" ? undefined : peer;
  const stores: Record<string, Store> = {
    "SqliteSink, plain": sqlite(),
    "SqliteSink, AesGcmCodec": sqlite(() => new AesGcmCodec(key())),
    "SqliteSink, ManagedAesGcmCodec": sqlite(managed),
    "JsonlSink, live part": jsonl(),
    "JsonlSink, rotated every 4 MB, gzip": jsonl(ROTATED_BYTES),
    "SQLite, a bare table of the texts": bareTable,
    ...(typeof peer !== "string" && { pino: pino(peer) }),
  };
  const names = Object.keys(stores);
  const seen = new Map<string, number[]>(names.map((name) => [name, []]));
  for (const [bytes, full] of SIZES) {
    const count = quick ? full / QUICK_SHARE : full;
    const events = makeEvents(bytes, count);
    for (const name of names) {
      const folder = await Deno.makeTempDir({ dir });
      await stores[name]!(folder, events);
      seen.get(name)!.push(await folderBytes(folder) / count);
      await Deno.remove(folder, { recursive: true });
    }
  }
  const sizes = SIZES.map(([bytes]) => bytes);
  return [{
    title: "Bytes an event takes, by the size of its payload",
    note: "The files' bytes after close, by the number of events; the " +
      "payloads are words. Ours store the linked event, 128 bytes more of " +
      "text than the bare table and pino are given. An encrypted body is 28 " +
      "bytes longer, with a key id 29 and the id; at each of these sizes the " +
      "pages of 4 KiB had room for that.",
    columns: ["who", ...sizes.map((bytes) => `${short(bytes)}B`)],
    rows: names.map((name) => [
      name,
      ...seen.get(name)!.map((bytes) => bytes.toFixed(0)),
    ]),
    charts: {
      size: lineChart(
        "Bytes on disk for a byte of payload, by the payload's size",
        sizes,
        [
          "SqliteSink, plain",
          "JsonlSink, live part",
          "JsonlSink, rotated every 4 MB, gzip",
        ]
          .map((label) => ({
            label,
            values: seen.get(label)!.map((bytes, n) => bytes / sizes[n]!),
          })),
      ),
    },
  }];
}
