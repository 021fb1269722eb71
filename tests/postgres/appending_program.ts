// Appends to a log as a process of its own, to be killed. It tells on stdout, a line
// each, what it is about to do and what was acknowledged:
//
//   at opening | at appending | at closing
//   ack <event id> <seq> <hash>
//
//   deno run … appending_program.ts <url> <seed> <number of its first trace> <life>
//
// In the life "sessions" it opens, appends and closes over and over; in the life "one"
// it appends until its stdin ends, then closes.
import { PostgresSink } from "../../sinks/postgres_sink.ts";
import { Random } from "../crash/_form.ts";
import { acknowledgedAs } from "../crash/_ledger.ts";
import { appendWithTasks } from "../crash/_workload.ts";

const [url, seed, firstTrace, life] = Deno.args as [
  string,
  string,
  string,
  "sessions" | "one",
];
const random = new Random(Number(seed));
const encoder = new TextEncoder();

function say(line: string): void {
  // At once: what is written to the pipe outlives the process.
  const bytes = encoder.encode(`${line}\n`);
  for (let at = 0; at < bytes.length;) {
    at += Deno.stdout.writeSync(bytes.subarray(at));
  }
}

async function session(isOver: (count: number) => boolean): Promise<void> {
  say("at opening");
  const sink = await PostgresSink.open(url);
  say("at appending");
  let count = 0;
  await appendWithTasks(sink, random, () => isOver(count), (stored) => {
    const { id, seq, hash } = acknowledgedAs(stored);
    say(`ack ${id} ${seq} ${hash}`);
    count++;
  }, Number(firstTrace));
  say("at closing");
  await sink.close();
}

if (life === "one") {
  let hasEnded = false;
  const ended = Array.fromAsync(Deno.stdin.readable).then(() => {
    hasEnded = true;
  });
  await session(() => hasEnded);
  await ended;
} else {
  while (true) {
    const events = random.int(20, 900);
    await session((count) => count >= events);
  }
}
