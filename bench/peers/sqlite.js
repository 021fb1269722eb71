// better-sqlite3 in a loop: the same file, schema, columns and bytes as the loop
// of ../_raw_sqlite.ts.
import Database from "better-sqlite3";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import process from "node:process";
import { perSecond, serve } from "./_serve.js";

const INSERT =
  "INSERT INTO events(event_id, trace_id, task_id, parent_id, type, source, data) " +
  "VALUES (?, ?, ?, ?, ?, ?, ?)";
const PAGE =
  "SELECT seq, data FROM events WHERE seq > ? ORDER BY seq LIMIT 512";

let texts = [];

function open(path) {
  const db = new Database(path);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  return db;
}

function insertAll(db, events, perTransaction, blob) {
  const insert = db.prepare(INSERT);
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  for (let at = 0; at < events.length; at += perTransaction) {
    begin.run();
    for (const e of events.slice(at, at + perTransaction)) {
      insert.run(
        e.event_id,
        e.trace_id,
        e.task_id,
        e.parent_id,
        e.type,
        e.source,
        blob,
      );
    }
    commit.run();
  }
}

function readAll(db) {
  const page = db.prepare(PAGE).raw();
  const decoder = new TextDecoder();
  let seq = 0;
  let count = 0;
  while (true) {
    const rows = page.all(seq);
    for (const [, data] of rows) {
      JSON.parse(decoder.decode(data.subarray(1)));
      count++;
    }
    if (rows.length < 512) return count;
    seq = rows.at(-1)[0];
  }
}

await serve({
  versions() {
    const db = new Database(":memory:");
    const sqlite = db.prepare("SELECT sqlite_version()").pluck().get();
    return { node: process.versions.node, sqlite };
  },
  load({ path }) {
    texts = readFileSync(path, "utf8").trimEnd().split("\n");
  },
  async insert({ path, count, perTransaction }) {
    const events = texts.slice(0, count).map((text) => JSON.parse(text));
    const blob = Buffer.from(`\0${texts[0]}`);
    const db = open(path);
    const rate = await perSecond(
      count,
      () => insertAll(db, events, perTransaction, blob),
    );
    db.close();
    return rate;
  },
  read({ path, count }) {
    const db = open(path);
    const rate = perSecond(count, () => {
      const found = readAll(db);
      if (found !== count) throw new Error(`${found} of ${count} were read`);
    });
    db.close();
    return rate;
  },
});
