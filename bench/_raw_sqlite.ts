// The bare driver in a loop: the same file, schema and columns as the sink's,
// without JSON, chain, codec or thread.
import { type Event, serializeEvent } from "../sinks/mod.ts";
import type { SqlStatement, SqlValue } from "../sinks/sqlite/connection.ts";
import { loadDriver } from "../sinks/sqlite/load_driver.ts";
import { createTables } from "../sinks/sqlite/schema.ts";

/** A database of the sink's schema, opened by the bare driver. */
export interface RawDatabase {
  /** Inserts rows, so many to a transaction. */
  insert(
    events: readonly Event[],
    perTransaction: number,
    blob: Uint8Array,
  ): void;
  /** Reads every row in pages, parses its JSON, and counts. */
  readAll(): number;
  /** The first rows that meet a condition, their JSON parsed. */
  find(
    where: string,
    limit: number,
    ...params: (string | number)[]
  ): unknown[];
  close(): void;
}

/** Opens a database with the bare driver. */
export async function openRaw(
  driver: "ffi" | "builtin",
  path: string,
): Promise<RawDatabase> {
  const db = (await loadDriver(driver)).open(path, { readOnly: false });
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  createTables(db, false);
  const insert = db.prepare(
    "INSERT INTO events(event_id, trace_id, task_id, parent_id, type, source, data) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const page = db.prepare(
    "SELECT seq, data FROM events WHERE seq > ? ORDER BY seq LIMIT 512",
  );
  const finding = new Map<string, SqlStatement>();
  const decoder = new TextDecoder();
  const parse = (data: SqlValue): unknown =>
    JSON.parse(decoder.decode((data as Uint8Array).subarray(1)));
  return {
    insert(events, perTransaction, blob) {
      for (let at = 0; at < events.length; at += perTransaction) {
        db.exec("BEGIN IMMEDIATE");
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
        db.exec("COMMIT");
      }
    },
    readAll() {
      let seq = 0;
      let count = 0;
      while (true) {
        const rows = page.rows(seq);
        for (const [, data] of rows) {
          parse(data!);
          count++;
        }
        if (rows.length < 512) return count;
        seq = Number(rows.at(-1)![0]);
      }
    },
    find(where, limit, ...params) {
      const sql = `SELECT data FROM events WHERE ${where} ORDER BY seq LIMIT ?`;
      let statement = finding.get(sql);
      if (statement === undefined) {
        finding.set(sql, statement = db.prepare(sql));
      }
      return statement.rows(...params, limit).map(([data]) => parse(data!));
    },
    close: () => db.close(),
  };
}

/** A row's blob as large as the sink's would be. */
export function blobLike(event: Event, bytes: number): Uint8Array {
  const blob = new Uint8Array(1 + bytes).fill(0x20);
  blob.set(new TextEncoder().encode(`\0${serializeEvent(event)}`));
  return blob;
}
