// The tables and functions of a log, in a schema of its own. Columns are those of
// the SQLite file. What has to happen inside the server's transaction is a function
// there: one round trip appends a group, no transaction ever waits for a client, and
// a role can be let append without being let change or remove anything.
//
// Functions run as who owns the log. All of it is named in full, `ZU.` standing for
// the schema, and whatever else they call is looked for in pg_catalog alone: objects
// that somebody else has put into a schema on the path, or into this one, are not met.
//
// A session keeps the plans of its functions for long. One that was made when the log
// was small would read all of the table, and go on doing so while that grows: this is
// why they are told to leave such scans be; and not to be compiled, which the server
// would do at each call for the price that it puts on a scan that it was told to leave.
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
CREATE TABLE IF NOT EXISTS ZU.zu_log (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  version integer NOT NULL,
  -- Tells this log's advisory locks from those of others in the database.
  lock_class integer NOT NULL
);
CREATE TABLE IF NOT EXISTS ZU.events (
  seq bigint PRIMARY KEY,
  event_id text COLLATE "C" NOT NULL UNIQUE,
  trace_id text COLLATE "C" NOT NULL,
  task_id text COLLATE "C" NOT NULL,
  parent_id text COLLATE "C",
  type text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  data bytea NOT NULL
);
CREATE SEQUENCE IF NOT EXISTS ZU.events_seq AS bigint MAXVALUE 9007199254740991
  OWNED BY ZU.events.seq;
CREATE INDEX IF NOT EXISTS idx_events_task ON ZU.events(task_id, seq);
CREATE INDEX IF NOT EXISTS idx_events_trace ON ZU.events(trace_id, seq);
-- An index takes no long texts, so that it has what they begin with.
CREATE INDEX IF NOT EXISTS idx_events_type ON ZU.events(left(type, 128), seq);
CREATE TABLE IF NOT EXISTS ZU.event_index (
  event_id text COLLATE "C" NOT NULL,
  field text COLLATE "C" NOT NULL,
  value text COLLATE "C",
  seq bigint NOT NULL,
  PRIMARY KEY (event_id, field)
);
CREATE INDEX IF NOT EXISTS idx_event_index_fv
  ON ZU.event_index(field, left(value, 128), seq);
CREATE INDEX IF NOT EXISTS idx_event_index_seq ON ZU.event_index(seq);
CREATE TABLE IF NOT EXISTS ZU.zu_ctx_fields (
  field text COLLATE "C" PRIMARY KEY,
  indexed_to bigint NOT NULL
);
`;

/** A tag that no schema's name can have in it: it is longer than a name can be. */
const BODY = `$${"z".repeat(64)}$`;

const STATEMENTS = `SET LOCAL search_path = pg_catalog, pg_temp;
${TABLES}
${[APPEND, INDEX_CTX, SETTLED].join("\n").replaceAll("$zu$", () => BODY)}
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ZU FROM PUBLIC;`;

/** Makes a log, or what is missing of it, in a schema that is there. */
export function statements(schema: string): string {
  const name = quoted(schema);
  const inText = name.replaceAll("'", "''");
  return STATEMENTS.replaceAll(
    /('?)\bZU\b/g,
    (_, quote) => quote === "" ? name : `'${inText}`,
  );
}

/** What of a log belongs to another role than the one that asks: there must be none. */
export const FOREIGN_OBJECTS =
  `SELECT string_agg(DISTINCT name, ', ') AS names FROM (
    SELECT relname::text, relowner, relnamespace FROM pg_class
    UNION ALL SELECT proname::text, proowner, pronamespace FROM pg_proc
  ) objects(name, owner, schema)
  WHERE schema = (SELECT oid FROM pg_namespace WHERE nspname = $1)
    AND owner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)`;
