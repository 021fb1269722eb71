// Appends to a log as a process of its own, to be killed. It tells on stdout, a
// line each, what it is about to do and what was acknowledged:
//
//   at opening | at appending | at rotating | at checkpointing | at closing
//   ack <event id> <seq> <hash>
//
//   deno run … appending_program.ts <path> <variant, JSON> <seed> <life>
//
// In the life "sessions" it opens, appends and closes over and over; in the life
// "one" it appends until its stdin ends, then closes.
import { SqliteSink } from "../../sinks/mod.ts";
import { watchedOps } from "../sinks/jsonl/_helpers.ts";
import { Random } from "./_form.ts";
import { acknowledgedAs } from "./_ledger.ts";
import { openLog, type Variant } from "./_variant.ts";
import { appendWithTasks } from "./_workload.ts";

const [path, variantText, seed, life] = Deno.args as [
  string,
  string,
  string,
  "sessions" | "one",
];
const variant = JSON.parse(variantText) as Variant;
const random = new Random(Number(seed));
/** More often than the sink does by itself, so that kills hit them. */
const EVENTS_A_CHECKPOINT = 150;
const encoder = new TextEncoder();

function say(line: string): void {
  // At once: what is written to the pipe outlives the process.
  const bytes = encoder.encode(`${line}\n`);
  for (let at = 0; at < bytes.length;) {
    at += Deno.stdout.writeSync(bytes.subarray(at));
  }
}

const fileOps = watchedOps(({ op }) => {
  if (op === "rename") say("at rotating");
});

async function checkpoint(sink: SqliteSink): Promise<void> {
  say("at checkpointing");
  await sink.checkpoint();
  say("at appending");
}

async function session(isOver: (count: number) => boolean): Promise<void> {
  say("at opening");
  const sink = await openLog(path, variant, fileOps);
  say("at appending");
  const checkpoints: Promise<void>[] = [];
  let count = 0;
  await appendWithTasks(sink, random, () => isOver(count), (stored) => {
    const { id, seq, hash } = acknowledgedAs(stored);
    say(`ack ${id} ${seq} ${hash}`);
    if (++count % EVENTS_A_CHECKPOINT === 0 && sink instanceof SqliteSink) {
      checkpoints.push(checkpoint(sink));
    }
  });
  await Promise.all(checkpoints);
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
