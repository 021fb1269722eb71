// The tables and functions of a log, in a schema of its own. Columns are those of
// the SQLite file. What has to happen inside the server's transaction is a function
// there: one round trip appends a group, no transaction ever waits for a client, and
// a role can be let append without being let change or remove anything.
import { APPEND } from "./append_function.ts";
import { INDEX_CTX } from "./index_ctx_function.ts";
import { SETTLED } from "./settled_function.ts";

/** What this release makes and expects. */
export const SCHEMA_VERSION = 1;

/** A name as it stands in SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

// Text that is compared for equality alone: byte order is the fastest.
const TABLES = `
CREATE TABLE IF NOT EXISTS zu_log (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  version integer NOT NULL,
  -- Tells this log's advisory locks from those of others in the database.
  lock_class integer NOT NULL
);
CREATE TABLE IF NOT EXISTS events (
  seq bigint PRIMARY KEY,
  event_id text COLLATE "C" NOT NULL UNIQUE,
  trace_id text COLLATE "C" NOT NULL,
  task_id text COLLATE "C" NOT NULL,
  parent_id text COLLATE "C",
  type text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  data bytea NOT NULL
);
CREATE SEQUENCE IF NOT EXISTS events_seq AS bigint MAXVALUE 9007199254740991
  OWNED BY events.seq;
CREATE INDEX IF NOT EXISTS idx_events_task ON events(task_id, seq);
CREATE INDEX IF NOT EXISTS idx_events_trace ON events(trace_id, seq);
-- An index takes no long texts, so that it has what they begin with.
CREATE INDEX IF NOT EXISTS idx_events_type ON events(left(type, 128), seq);
CREATE TABLE IF NOT EXISTS event_index (
  event_id text COLLATE "C" NOT NULL,
  field text COLLATE "C" NOT NULL,
  value text COLLATE "C",
  seq bigint NOT NULL,
  PRIMARY KEY (event_id, field)
);
CREATE INDEX IF NOT EXISTS idx_event_index_fv
  ON event_index(field, left(value, 128), seq);
CREATE INDEX IF NOT EXISTS idx_event_index_seq ON event_index(seq);
CREATE TABLE IF NOT EXISTS zu_ctx_fields (
  field text COLLATE "C" PRIMARY KEY,
  indexed_to bigint NOT NULL
);
`;

const FUNCTIONS = [APPEND, INDEX_CTX, SETTLED].join("\n");

/** Makes a log, or what is missing of it, in the schema that is on the path. */
export function statements(schema: string): string {
  const path = `pg_catalog, ${quoted(schema)}, pg_temp`;
  return `SET LOCAL search_path = ${quoted(schema)}, pg_catalog, pg_temp;
    ${TABLES}
    ${FUNCTIONS.replaceAll("SEARCH_PATH", path)}
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ${quoted(schema)} FROM PUBLIC;`;
}
