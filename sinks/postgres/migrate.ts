import { SinkError } from "../sink_error.ts";
import { fromPg } from "./failure.ts";
import type { Lane } from "./lane.ts";
import {
  FOREIGN_OBJECTS,
  quoted,
  SCHEMA_VERSION,
  statements,
} from "./schema.ts";

/** Advisory locks of a log take three numbers from here on. */
const CLASSES = 500_000_000;
const CLASSES_A_LOG = 4;
/** Whose a schema is, if there is one. */
const OWNER = `SELECT pg_get_userbyid(nspowner) AS owner,
    current_setting('is_superuser') = 'on' AND
      pg_get_userbyid(nspowner) <> current_user AS is_foreign
  FROM pg_namespace WHERE nspname = $1`;

/**
 * Makes a log, or brings it up to this release. Several may be at it: the first does
 * it, and the others wait for it.
 */
export async function migrate(lane: Lane, schema: string): Promise<void> {
  const lockClass = CLASSES_A_LOG *
    (1 + crypto.getRandomValues(new Uint32Array(1))[0]! % (CLASSES - 1));
  try {
    await lane.transaction(async (tx) => {
      await lane.on(tx, {
        sql:
          "SELECT pg_advisory_xact_lock(hashtextextended('zu.migrate ' || $1, 0::bigint))",
        params: [schema],
      });
      // A role that may not make schemas can be given one.
      const [found] = await lane.on(tx, { sql: OWNER, params: [schema] });
      if (found === undefined) {
        await tx.unsafe(`CREATE SCHEMA ${quoted(schema)}`);
      } else if (found.is_foreign === true) {
        // The log's functions run as who owns them, which is not to be a superuser.
        await tx.unsafe(`SET LOCAL ROLE ${quoted(String(found.owner))}`);
      }
      await tx.unsafe(statements(schema));
      // A trigger on somebody else's table would run as the log's owner.
      const [foreign] = await lane.on(tx, {
        sql: FOREIGN_OBJECTS,
        params: [schema],
      });
      if (foreign!.names !== null) {
        throw notOurs(schema, String(foreign!.names));
      }
      await lane.on(tx, {
        sql: "INSERT INTO ZU.zu_log AS log (version, lock_class) " +
          "VALUES ($1::integer, $2::integer) ON CONFLICT (one) DO UPDATE " +
          "SET version = greatest(log.version, EXCLUDED.version)",
        params: [SCHEMA_VERSION, lockClass],
      });
    });
  } catch (error) {
    throw fromPg(error, `make the log in the schema "${schema}"`);
  }
}

function notOurs(schema: string, names: string): SinkError {
  return new SinkError(
    "not_a_log",
    `Cannot make the log in the schema "${schema}": it has what belongs to another ` +
      `role: ${names}. Open it with its owner, or choose another schema`,
  );
}
