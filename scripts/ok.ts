/**
 * The gate: runs every step to its end, whatever the others do, says again how
 * those that failed ended, and ends in one line that counts what passed and
 * failed. Exits with 1 if anything failed.
 *
 * The README's commands are among the steps, word for word, so that what a
 * newcomer types first is known to work.
 *
 * @module
 */
import { readmeCommands } from "./_readme_commands.ts";
import { ending } from "./_failures.ts";
import { outputOf, show } from "./_output.ts";
import {
  addTallies,
  describeTally,
  type Tally,
  tallyCheck,
  tallySkippable,
  tallyTests,
} from "./_tally.ts";

/** What a shell exits with when it finds no such program. */
const NOT_FOUND = 127;

/** A command, and how its outcome counts. */
interface Step {
  readonly command: readonly string[];
  readonly tally: (code: number, output: string) => Tally;
}

/** Reads what the steps are made of: the exports and the README's commands. */
async function readSteps(): Promise<Step[]> {
  const config: { exports: Record<string, string> } = JSON.parse(
    await Deno.readTextFile("deno.json"),
  );
  const readme = readmeCommands(await Deno.readTextFile("README.md"));
  const checks = [
    ["deno", "fmt", "--check"],
    ["deno", "lint"],
    // Frozen: a lock file that is out of date is a finding, too.
    ["deno", "check", "--frozen"],
    ["deno", "doc", "--lint", ...Object.values(config.exports)],
    ["deno", "task", "publish:check"],
  ];
  return [
    ...checks.map((command) => ({ command, tally: tallyCheck })),
    ...readme.map((command) => ({
      command,
      tally: command.at(-1) === "test" ? tallyTests : tallyCheck,
    })),
    { command: ["deno", "task", "doc-test"], tally: tallyTests },
    // Last: what the others have started has to be gone by then.
    { command: ["deno", "task", "containers:check"], tally: tallySkippable },
  ];
}

/** Starts a command; `undefined` if there is no such program. */
function start(command: readonly string[]): Deno.ChildProcess | undefined {
  const [program, ...args] = command as [string, ...string[]];
  try {
    return new Deno.Command(program === "deno" ? Deno.execPath() : program, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error(`error: Cannot run ${program}: ${error.message}`);
    return undefined;
  }
}

/** What came of a step. */
interface Outcome {
  readonly tally: Tally;
  /** The last of what it printed, to both of its outputs. */
  readonly tail: string;
}

/** Runs a step, shows what it prints, and counts it. */
async function runStep({ command, tally }: Step): Promise<Outcome> {
  console.log(`\n$ ${command.join(" ")}`);
  const child = start(command);
  if (child === undefined) return { tally: tallyCheck(NOT_FOUND), tail: "" };
  const { stdout, both } = await show(outputOf(child));
  const { code } = await child.status;
  return { tally: tally(code, stdout), tail: both };
}

/** Runs the gate, and returns whether nothing failed. */
async function runGate(): Promise<boolean> {
  const steps = await readSteps();
  const outcomes: Outcome[] = [];
  for (const step of steps) outcomes.push(await runStep(step));
  console.log("");
  for (const [i, { command }] of steps.entries()) {
    console.log(`${describeTally(outcomes[i]!.tally)}: ${command.join(" ")}`);
  }
  for (const [i, { command }] of steps.entries()) {
    const { tally, tail } = outcomes[i]!;
    if (tally.failed === 0) continue;
    console.log(`\nfailed: ${command.join(" ")}\n${ending(tail)}\n`);
  }
  const sum = addTallies(outcomes.map(({ tally }) => tally));
  if (sum.skipped > 0) console.log(`${sum.skipped} skipped`);
  // Who reads the last line, by eye or by script, looks for two counts.
  console.log(describeTally({ ...sum, skipped: 0 }));
  return sum.failed === 0;
}

if (import.meta.main) Deno.exit(await runGate() ? 0 : 1);
