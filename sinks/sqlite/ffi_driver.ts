// @db/sqlite: SQLite over Deno FFI. Importing it loads the native library, so it
// is imported only when this driver is asked for.
import type {
  SqlConnection,
  SqliteDriver,
  SqlOpenOptions,
  SqlValue,
} from "./connection.ts";

/** Loads @db/sqlite; throws what it throws where there is no library. */
export async function loadFfiDriver(): Promise<SqliteDriver> {
  const { Database, SQLITE_VERSION } = await import("@db/sqlite");
  return {
    name: "ffi",
    version: SQLITE_VERSION,
    open(path: string, { readOnly }: SqlOpenOptions): SqlConnection {
      const db = new Database(path, {
        readonly: readOnly,
        create: !readOnly,
        int64: true,
      });
      return {
        exec: (sql) => void db.exec(sql),
        prepare(sql) {
          const statement = db.prepare(sql);
          return {
            run: (...params) => void statement.run(...params),
            rows: (...params) => statement.values(...params) as SqlValue[][],
          };
        },
        copyTo: (path) => Promise.resolve(void db.exec("VACUUM INTO ?", path)),
        get inTransaction() {
          return !db.autocommit;
        },
        close: () => db.close(),
      };
    },
  };
}
