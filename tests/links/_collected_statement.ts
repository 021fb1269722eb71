/**
 * Run with `--v8-flags=--expose-gc`: leaves statements in the middle of their
 * rows, collects them, and drops the table that they read, which SQLite refuses
 * for as long as one of them is not finalized.
 */
import { Database } from "../../links/db_sqlite/mod.ts";

const COLLECTIONS_MAX = 100;

const collectGarbage = Reflect.get(globalThis, "gc") as () => void;

const db = new Database(":memory:");
db.exec("CREATE TABLE t (n); INSERT INTO t VALUES (1), (2)");
(() => {
  for (let i = 0; i < 100; i++) db.prepare("SELECT n FROM t").iter().next();
})();

for (let i = 0; i < COLLECTIONS_MAX; i++) {
  try {
    db.exec("DROP TABLE t");
    console.log("dropped");
    break;
  } catch (error) {
    if (i === 0) console.log(error instanceof Error ? error.message : error);
  }
  collectGarbage();
  // The callbacks of a finalization registry have a turn of their own.
  await new Promise((resolve) => setTimeout(resolve));
}
db.close();
