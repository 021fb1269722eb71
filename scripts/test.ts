/**
 * Runs the tests in lanes side by side, each a `deno test` of its own. (`deno test
 * --parallel` would run files together in one process, and some count the descriptors
 * and the memory of theirs.)
 *
 * Types are checked once, before. Arguments go to each lane; paths among them make
 * one lane, of what they name. What a lane writes is shown behind the one before. The
 * last line is the sum, as `deno test` would have it; before it come the failures of
 * all.
 *
 * @module
 */
import { LANES, lanesOf, saysWhatToCheck } from "./_lanes.ts";
import { ending, failedTests } from "./_failures.ts";
import { outputOf, type Said, show } from "./_output.ts";
import {
  addTallies,
  describeTally,
  summarize,
  type Tally,
  tallyCheck,
  tallyPart,
} from "./_tally.ts";

/** What ends a run, and what it exits with then. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof SIGNALS;

/** A run of `deno test`. */
interface Lane {
  readonly command: string;
  readonly child: Deno.ChildProcess;
  readonly output: ReadableStream<Said>;
}

function start(args: string[]): Lane {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const command = ["deno", ...args].join(" ");
  return { command, child, output: outputOf(child) };
}

/** What came of a lane. */
interface Outcome {
  readonly tally: Tally;
  /** Each in short. */
  readonly failures: readonly string[];
}

/** Shows what a lane writes, until it has ended, and counts it. */
async function outcomeOf({ command, child, output }: Lane): Promise<Outcome> {
  console.log(`\n$ ${command}`);
  const { stdout, both } = await show(output);
  const { code } = await child.status;
  const tally = tallyPart(code, stdout);
  if (tally.failed === 0) return { tally, failures: [] };
  const failures = failedTests(stdout);
  return { tally, failures: failures.length > 0 ? failures : [ending(both)] };
}

/** Sends a signal to a program that may have ended, or be about to. */
function send(child: Deno.ChildProcess, signal: Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (error instanceof TypeError) return;
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Passes signals on to what has been started by then, and remembers which came. */
function passOn(children: readonly Deno.ChildProcess[]): { signal?: Signal } {
  const came: { signal?: Signal } = {};
  for (const signal of Object.keys(SIGNALS) as Signal[]) {
    // Windows has no such signal.
    if (signal === "SIGTERM" && Deno.build.os === "windows") continue;
    Deno.addSignalListener(signal, () => {
      came.signal = signal;
      for (const child of children) send(child, signal);
    });
  }
  return came;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The lanes that there are tests for. */
async function lanesHere(): Promise<Record<string, string[]>> {
  const named: Record<string, string[]> = {};
  for (const [name, paths] of Object.entries(LANES)) {
    named[name] = [];
    for (const path of paths) if (await isThere(path)) named[name].push(path);
  }
  return named;
}

/** Says what came of the lanes: the failures last, where a log that is cut has them. */
function report(lanes: readonly Lane[], outcomes: readonly Outcome[]): void {
  console.log("");
  for (const [i, { command }] of lanes.entries()) {
    console.log(`${describeTally(outcomes[i]!.tally)}: ${command}`);
  }
  const failures = outcomes.flatMap(({ failures }) => failures);
  for (const failure of failures) console.log(`\n${failure}`);
  if (failures.length < 2) return;
  console.log("");
  for (const failure of failures) console.log(failure.split("\n", 1)[0]);
}

/** Checks the types of all there is, and returns whether they are right. */
async function checkTypes(children: Deno.ChildProcess[]): Promise<boolean> {
  const args = ["check"];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "null" })
    .spawn();
  children.push(child);
  return (await child.status).success;
}

/** Runs the tests, and returns what to exit with. */
async function runTests(args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const children: Deno.ChildProcess[] = [];
  const came = passOn(children);
  const named = await lanesHere();
  let runs = lanesOf(args, named);
  let areSound = true;
  if (runs.length > 1 && !saysWhatToCheck(args)) {
    // Once for all, where each of them would check what they share.
    areSound = await checkTypes(children);
    runs = lanesOf(["--no-check", ...args], named);
  }
  let sum: Tally = tallyCheck(1);
  if (areSound && came.signal === undefined) {
    const lanes = runs.map(start);
    children.push(...lanes.map(({ child }) => child));
    const outcomes: Outcome[] = [];
    for (const lane of lanes) outcomes.push(await outcomeOf(lane));
    report(lanes, outcomes);
    sum = addTallies(outcomes.map(({ tally }) => tally));
  }
  console.log(`\n${summarize(sum, performance.now() - startedAt)}`);
  if (came.signal !== undefined) return SIGNALS[came.signal];
  return sum.failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await runTests(Deno.args));
