// What has to be so for a server to keep a log, found out when a sink opens.
import { SinkError } from "../sink_error.ts";
import type { PostgresDurability } from "./append_lane.ts";
import type { Lane } from "./lane.ts";
import { SCHEMA_VERSION } from "./schema.ts";

const VERSION_MIN = 130_000;

/** What a server says of itself, and of the log. */
export interface ServerState {
  /** As the server names it, such as `15.18`. */
  readonly version: string;
  readonly durability: PostgresDurability;
  /** The log's state; undefined where there is none yet. */
  readonly log:
    | { readonly version: number; readonly lockClass: number }
    | undefined;
}

const LOOK = `SELECT current_setting('server_version') AS version,
  current_setting('server_version_num') AS number,
  current_setting('server_encoding') AS encoding,
  current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS full_page_writes,
  current_setting('synchronous_standby_names') AS standbys,
  to_regclass($1) IS NOT NULL AS has_log,
  to_regclass($2) IS NOT NULL AS has_events`;

/**
 * Looks at a server.
 *
 * @throws {SinkError} `not_durable` for one that could lose what it acknowledges,
 * `not_a_log` for one that cannot keep a log, or for a log of a later release.
 */
export async function lookAtServer(
  lane: Lane,
  { level, readOnly }: { readonly level: string; readonly readOnly: boolean },
): Promise<ServerState> {
  const [server] = await lane.query({
    sql: LOOK,
    params: [lane.sql("ZU.zu_log"), lane.sql("ZU.events")],
  }, "open the log");
  const { version, number, encoding, fsync, full_page_writes } = server!;
  const standbys = String(server!.standbys);
  if (Number(number) < VERSION_MIN) {
    throw refused(
      "not_a_log",
      `it is PostgreSQL ${version}`,
      "use 13 or later",
    );
  }
  if (encoding !== "UTF8") {
    throw refused(
      "not_a_log",
      `the database's encoding is ${encoding}`,
      "make one with ENCODING 'UTF8'",
    );
  }
  if (!readOnly) {
    for (const [name, value] of Object.entries({ fsync, full_page_writes })) {
      if (value === "on") continue;
      throw refused("not_durable", `${name} is ${value}`, `set ${name} to on`);
    }
    if (level === "remote_apply" && standbys === "") {
      throw refused(
        "not_durable",
        "remote_apply is demanded, and synchronous_standby_names is empty",
        'give it a synchronous standby, or open with durability "on"',
      );
    }
  }
  return {
    version: String(version),
    durability: { synchronousCommit: level, synchronousStandbys: standbys },
    log: await logState(
      lane,
      Boolean(server!.has_log),
      Boolean(server!.has_events),
    ),
  };
}

async function logState(
  lane: Lane,
  hasLog: boolean,
  hasEvents: boolean,
): Promise<ServerState["log"]> {
  if (!hasLog) {
    if (!hasEvents) return undefined;
    throw refused(
      "not_a_log",
      "the schema has a table events that is none of a log",
      "choose another schema",
    );
  }
  const [found] = await lane.query({
    sql: "SELECT version, lock_class FROM ZU.zu_log",
    params: [],
  }, "open the log");
  if (found === undefined) return undefined;
  const version = Number(found.version);
  if (version > SCHEMA_VERSION) {
    throw refused(
      "not_a_log",
      `the log is of version ${version}, and this release knows ${SCHEMA_VERSION}`,
      "update @zu/backends",
    );
  }
  return { version, lockClass: Number(found.lock_class) };
}

function refused(
  code: "not_a_log" | "not_durable",
  found: string,
  advice: string,
): SinkError {
  return new SinkError(
    code,
    `Cannot open the log: the server is not fit for it: ${found}; ${advice}`,
  );
}
