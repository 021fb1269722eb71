// The SQLite file's tables. The first three belong to the format and are shared
// with the predecessor; those that begin with zu_ are ours, and a writer that
// does not know them does no harm.
import { SinkError } from "../sink_error.ts";
import type { SqlConnection } from "./connection.ts";
import type { OpenRequest } from "./messages.ts";

const EVENTS = `
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  trace_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  parent_id TEXT,
  type TEXT NOT NULL,
  source TEXT NOT NULL,
  data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS idx_events_task ON events(task_id);
CREATE INDEX IF NOT EXISTS idx_events_trace ON events(trace_id);
CREATE INDEX IF NOT EXISTS idx_events_type ON events(type);
CREATE TABLE IF NOT EXISTS event_index (
  event_id TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT,
  PRIMARY KEY (event_id, field)
);
CREATE INDEX IF NOT EXISTS idx_event_index_fv ON event_index(field, value);
`;

// event_index has no seq, so a page of matches could be had in the order of the
// log only by sorting all of them. zu_ctx_seq has it. Triggers fill it, so that
// rows which the predecessor adds to event_index are found too.
const CTX = `
CREATE TABLE IF NOT EXISTS zu_ctx_seq (
  field TEXT NOT NULL,
  value TEXT,
  seq INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS zu_ctx_seq_fvs ON zu_ctx_seq(field, value, seq);
CREATE UNIQUE INDEX IF NOT EXISTS zu_ctx_seq_sf ON zu_ctx_seq(seq, field);
CREATE TRIGGER IF NOT EXISTS zu_event_index_added AFTER INSERT ON event_index
BEGIN
  INSERT OR REPLACE INTO zu_ctx_seq(field, value, seq)
    SELECT NEW.field, NEW.value, seq FROM events WHERE event_id = NEW.event_id;
END;
CREATE TRIGGER IF NOT EXISTS zu_event_index_changed AFTER UPDATE ON event_index
BEGIN
  DELETE FROM zu_ctx_seq WHERE field = OLD.field
    AND seq = (SELECT seq FROM events WHERE event_id = OLD.event_id);
  INSERT OR REPLACE INTO zu_ctx_seq(field, value, seq)
    SELECT NEW.field, NEW.value, seq FROM events WHERE event_id = NEW.event_id;
END;
CREATE TRIGGER IF NOT EXISTS zu_event_index_removed AFTER DELETE ON event_index
BEGIN
  DELETE FROM zu_ctx_seq WHERE field = OLD.field
    AND seq = (SELECT seq FROM events WHERE event_id = OLD.event_id);
END;
CREATE TABLE IF NOT EXISTS zu_ctx_fields (
  field TEXT PRIMARY KEY,
  indexed_to INTEGER NOT NULL
) WITHOUT ROWID;
`;

/** What event_index holds from before zu_ctx_seq came to be. */
const BACKFILL = `
INSERT INTO zu_ctx_seq(field, value, seq)
  SELECT i.field, i.value, e.seq FROM event_index i
  JOIN events e ON e.event_id = i.event_id;
`;

const EVENT_COLUMNS =
  "seq event_id trace_id task_id parent_id type source data";

/**
 * Refuses a file that is no log, before anything is changed in it.
 *
 * @throws {SinkError} `not_a_log`, or `read_only` for a file that lacks what
 * only a writer may add.
 */
export function refuseForeign(
  connection: SqlConnection,
  { path, readOnly, withCtx }: OpenRequest,
): void {
  const columns = connection
    .prepare("SELECT group_concat(name, ' ') FROM pragma_table_info('events')")
    .rows()[0]?.[0] ?? null;
  if (columns !== null && columns !== EVENT_COLUMNS) {
    throw new SinkError(
      "not_a_log",
      `${path} has a table "events" of another shape (${columns}); choose ` +
        "another file",
    );
  }
  if (!readOnly) return;
  if (columns === null) {
    throw new SinkError(
      "not_a_log",
      `${path} has no table "events", and readOnly may not make one; choose ` +
        "another file, or open it without readOnly",
    );
  }
  if (withCtx && !hasTable(connection, "event_index")) {
    throw new SinkError(
      "read_only",
      `${path} has no side index to find ctxFields by, as files of version ` +
        "0.2.0 have not; open it once without readOnly, or leave out ctxFields",
    );
  }
}

/** Makes what is missing of the tables; a file of version 0.2.0 is upgraded. */
export function createTables(
  connection: SqlConnection,
  withCtx: boolean,
): void {
  connection.exec("BEGIN IMMEDIATE");
  try {
    connection.exec(EVENTS);
    if (withCtx && !hasTable(connection, "zu_ctx_seq")) {
      connection.exec(CTX);
      connection.exec(BACKFILL);
    }
    connection.exec("COMMIT");
  } catch (error) {
    if (connection.inTransaction) connection.exec("ROLLBACK");
    throw error;
  }
}

/** Whether a table of that name exists. */
export function hasTable(connection: SqlConnection, name: string): boolean {
  const sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?";
  return connection.prepare(sql).rows(name).length > 0;
}
