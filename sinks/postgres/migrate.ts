import { fromPg } from "./failure.ts";
import type { Lane } from "./lane.ts";
import { quoted, SCHEMA_VERSION, statements } from "./schema.ts";

/** Advisory locks of a log take three numbers from here on. */
const CLASSES = 500_000_000;
const CLASSES_A_LOG = 4;

/**
 * Makes a log, or brings it up to this release. Several may be at it: the first does
 * it, and the others wait for it.
 */
export async function migrate(lane: Lane, schema: string): Promise<void> {
  const lockClass = CLASSES_A_LOG *
    (1 + crypto.getRandomValues(new Uint32Array(1))[0]! % (CLASSES - 1));
  try {
    await lane.run((client) =>
      client.begin(async (tx) => {
        await lane.on(tx, {
          sql:
            "SELECT pg_advisory_xact_lock(hashtextextended('zu.migrate ' || $1, 0))",
          params: [schema],
        });
        // A role that may not make schemas can be given one.
        const [found] = await lane.on(tx, {
          sql:
            "SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS has_schema",
          params: [schema],
        });
        if (found!.has_schema !== true) {
          await tx.unsafe(`CREATE SCHEMA ${quoted(schema)}`);
        }
        await tx.unsafe(statements(schema));
        await lane.on(tx, {
          sql: "INSERT INTO ZU.zu_log AS log (version, lock_class) " +
            "VALUES ($1::integer, $2::integer) ON CONFLICT (one) DO UPDATE " +
            "SET version = greatest(log.version, EXCLUDED.version)",
          params: [SCHEMA_VERSION, lockClass],
        });
      })
    );
  } catch (error) {
    throw fromPg(error, `make the log in the schema "${schema}"`);
  }
}
