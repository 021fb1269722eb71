// A peer's side of _peer.ts: a line of JSON comes in, one goes out. Times are
// taken here, so that the pipe is in none of them.
import process from "node:process";
import { createInterface } from "node:readline";

/** Answers each line with what the operation of that name gives. */
export async function serve(operations) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { op, ...rest } = JSON.parse(line);
    let answer;
    try {
      answer = { value: await operations[op](rest) };
    } catch (error) {
      answer = { error: String(error?.stack ?? error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

/** How many a second something did, and what it gave. */
export async function perSecond(count, run) {
  const start = performance.now();
  await run();
  return count / (performance.now() - start) * 1000;
}
