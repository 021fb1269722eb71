// node:sqlite: the SQLite inside Deno, which needs no FFI permission.
import type {
  SqlConnection,
  SqliteDriver,
  SqlOpenOptions,
  SqlValue,
} from "./connection.ts";

/** More pages than any database has. */
const PAGES_MAX = 2 ** 31 - 1;

/** What Deno's node:sqlite has and its types lack. */
interface ArrayStatement {
  setReturnArrays(enabled: boolean): void;
}

/** Loads node:sqlite, which every Deno has. */
export async function loadBuiltinDriver(): Promise<SqliteDriver> {
  const { backup, DatabaseSync } = await import("node:sqlite");
  const probe = new DatabaseSync(":memory:");
  const row = probe.prepare("SELECT sqlite_version() AS version").get();
  probe.close();
  return {
    name: "builtin",
    version: String(row?.version),
    open(path: string, { readOnly }: SqlOpenOptions): SqlConnection {
      const db = new DatabaseSync(path, { readOnly });
      return {
        exec: (sql) => db.exec(sql),
        prepare(sql) {
          const statement = db.prepare(sql);
          (statement as unknown as ArrayStatement).setReturnArrays(true);
          return {
            run: (...params) => void statement.run(...params),
            rows: (...params) =>
              statement.all(...params) as unknown as SqlValue[][],
          };
        },
        // Not by VACUUM INTO, which attaches a database: Deno allows that only
        // where every permission is granted. All pages in one step, since a
        // copy in steps starts over whenever a writer comes between.
        async copyTo(path) {
          await backup(db, path, { rate: PAGES_MAX });
        },
        get inTransaction() {
          return db.isTransaction;
        },
        close: () => db.close(),
      };
    },
  };
}
