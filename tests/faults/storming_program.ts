// Takes the write lock of a log over and over, and holds it for random times,
// until its stdin ends.
//
//   deno run … storming_program.ts <log> <seed> <longest burst in milliseconds>
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { Random } from "./_logs.ts";

const [log, seed, burstMsMax] = Deno.args as [string, string, string];
const random = new Random(Number(seed));
const database = new DatabaseSync(log);
database.exec("PRAGMA busy_timeout = 60000");
let isOver = false;
const ended = Array.fromAsync(Deno.stdin.readable).then(() => isOver = true);
while (!isOver) {
  database.exec("BEGIN IMMEDIATE");
  console.log("held");
  await setTimeout(random.int(0, Number(burstMsMax)));
  database.exec("ROLLBACK");
  await setTimeout(random.int(0, 5));
}
await ended;
database.close();
