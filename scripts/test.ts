/**
 * Runs the tests in lanes side by side, each a `deno test` of its own. (`deno test
 * --parallel` would run files together in one process, and some count the descriptors
 * and the memory of theirs.)
 *
 * Types are checked once, before. Arguments go to each lane; paths among them make
 * one lane, of what they name.
 * What a lane writes is shown behind the one before. The last line is the sum, as
 * `deno test` would have it; before it come the failures of all.
 *
 * @module
 */
import { LANES, lanesOf } from "./_lanes.ts";
import { ending, failedTests } from "./_failures.ts";
import { outputOf, type Said, writeOut } from "./_output.ts";
import {
  addTallies,
  describeTally,
  keepTail,
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
async function show({ command, child, output }: Lane): Promise<Outcome> {
  console.log(`\n$ ${command}`);
  const tails = { stdout: "", stderr: "" };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  for await (const said of output) {
    await writeOut(said);
    const more = decoders[said.to].decode(said.bytes, { stream: true });
    tails[said.to] = keepTail(tails[said.to], more);
  }
  const { code } = await child.status;
  const tally = tallyPart(code, tails.stdout);
  if (tally.failed === 0) return { tally, failures: [] };
  const failed = failedTests(tails.stdout);
  const failures = failed.length > 0 ? failed : [ending(tails.stderr)];
  return { tally, failures };
}

/** Sends a signal to a lane that may have ended, or be about to. */
function send({ child }: Lane, signal: Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (error instanceof TypeError) return;
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Passes signals on to the lanes, and remembers which came. */
function passOn(lanes: readonly Lane[]): { signal?: Signal } {
  const came: { signal?: Signal } = {};
  for (const signal of Object.keys(SIGNALS) as Signal[]) {
    // Windows has no such signal.
    if (signal === "SIGTERM" && Deno.build.os === "windows") continue;
    Deno.addSignalListener(signal, () => {
      came.signal = signal;
      for (const lane of lanes) send(lane, signal);
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

/** Checks the types of all there is, and returns whether they are right. */
async function checkTypes(): Promise<boolean> {
  const check = new Deno.Command(Deno.execPath(), {
    args: ["check"],
    stdin: "null",
  });
  return (await check.spawn().status).success;
}

/** Runs the tests, and returns what to exit with. */
async function runTests(args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const named: Record<string, string[]> = {};
  for (const [name, paths] of Object.entries(LANES)) {
    named[name] = [];
    for (const path of paths) if (await isThere(path)) named[name].push(path);
  }
  let runs = lanesOf(args, named);
  const checks = !args.some((arg) => /^--(no-)?check(=|$)/.test(arg));
  if (runs.length > 1 && checks) {
    const tally = tallyCheck(await checkTypes() ? 0 : 1);
    if (tally.failed > 0) {
      console.log(summarize(tally, performance.now() - startedAt));
      return 1;
    }
    runs = lanesOf(["--no-check", ...args], named);
  }
  const lanes = runs.map(start);
  const came = passOn(lanes);
  const outcomes: Outcome[] = [];
  for (const lane of lanes) outcomes.push(await show(lane));
  console.log("");
  for (const [i, { command }] of lanes.entries()) {
    console.log(`${describeTally(outcomes[i]!.tally)}: ${command}`);
  }
  for (const { failures } of outcomes) {
    for (const failure of failures) console.log(`\n${failure}`);
  }
  const sum = addTallies(outcomes.map(({ tally }) => tally));
  console.log(`\n${summarize(sum, performance.now() - startedAt)}`);
  if (came.signal !== undefined) return SIGNALS[came.signal];
  return sum.failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await runTests(Deno.args));
