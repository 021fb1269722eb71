import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

/** What a SQLite log holds, read without the sink. */
export interface Rows {
  /** How many rows. */
  readonly count: number;
  /** The highest number. */
  readonly lastSeq: number;
  /** A digest over every column of the rows that were asked for. */
  readonly digest: string;
}

/**
 * Reads a log as SQLite sees it. The connection may not write, so that neither
 * the database nor its write-ahead log is changed: the next look at them finds
 * them as they were.
 *
 * @param path The database; the write-ahead log is beside it.
 * @param afterSeq Behind which number rows are digested.
 */
export function readRows(path: string, afterSeq = 0): Rows {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const one = database.prepare(
      "SELECT count(*) AS count, max(seq) AS lastSeq FROM events",
    ).get()!;
    const hash = createHash("sha256");
    const rows = database.prepare(
      "SELECT seq, event_id, trace_id, task_id, parent_id, type, source, data " +
        "FROM events WHERE seq > ? ORDER BY seq",
    ).iterate(afterSeq);
    for (const { data, ...columns } of rows) {
      hash.update(JSON.stringify(columns)).update(data as Uint8Array);
    }
    return {
      count: Number(one.count),
      lastSeq: Number(one.lastSeq),
      digest: hash.digest("hex"),
    };
  } finally {
    database.close();
  }
}

/** What SQLite finds wrong with a database's pages and indexes: nothing. */
export function integrity(path: string): string {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const row = database.prepare("PRAGMA integrity_check").get()!;
    return String(row.integrity_check);
  } finally {
    database.close();
  }
}
