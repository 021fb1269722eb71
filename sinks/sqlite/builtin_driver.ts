// node:sqlite: the SQLite inside Deno, which needs no FFI permission.
import type {
  SqlConnection,
  SqliteDriver,
  SqlOpenOptions,
  SqlValue,
} from "./connection.ts";

/** What Deno's node:sqlite has and its types lack. */
interface ArrayStatement {
  setReturnArrays(enabled: boolean): void;
}

/** Loads node:sqlite, which every Deno has. */
export async function loadBuiltinDriver(): Promise<SqliteDriver> {
  const { DatabaseSync } = await import("node:sqlite");
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
        get inTransaction() {
          return db.isTransaction;
        },
        close: () => db.close(),
      };
    },
  };
}
