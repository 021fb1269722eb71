// Takes the write lock of a SQLite database, says "held", and lets go of it when
// its stdin ends.
//
//   deno run … holding_program.ts <path>
//
// While it is held nobody adds to the write-ahead log nor begins it anew, since
// both are done under this lock. A checkpoint that is at work may still write to
// the database, but only pages that the write-ahead log holds as well.
import { DatabaseSync } from "node:sqlite";

const database = new DatabaseSync(Deno.args[0]!, { timeout: 60_000 });
database.exec("BEGIN IMMEDIATE");
Deno.stdout.writeSync(new TextEncoder().encode("held\n"));
await Array.fromAsync(Deno.stdin.readable);
database.exec("ROLLBACK");
database.close();
