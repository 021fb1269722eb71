/**
 * Run with `-A`, which Deno wants for /proc: opens and closes a database a
 * hundred times, and prints how many more files are open afterwards.
 */
import { Database } from "../../links/db_sqlite/mod.ts";
import { withTempDir } from "./_temp_dir.ts";

await withTempDir((dir) => {
  const path = `${dir}/a.db`;
  const first = new Database(path);
  first.exec("PRAGMA journal_mode = WAL");
  first.exec("CREATE TABLE t (n); INSERT INTO t VALUES (1)");
  first.close();
  const before = countOpenFiles();
  for (let i = 0; i < 100; i++) {
    const db = new Database(path);
    db.prepare("SELECT * FROM t").get();
    db.prepare("INSERT INTO t VALUES (?)").run(i);
    db.prepare("SELECT * FROM t").iter().next();
    db.close();
    try {
      new Database(`${dir}/none/a.db`);
    } catch {
      // What fails to open must not stay open either.
    }
  }
  console.log(countOpenFiles() - before);
});

function countOpenFiles(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}
