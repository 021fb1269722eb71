/**
 * The gate: runs every step to its end, whatever the others do, and ends in one
 * line that counts what passed and failed. Exits with 1 if anything failed.
 *
 * The README's commands are among the steps, word for word, so that what a
 * newcomer types first is known to work.
 *
 * @module
 */
import { readmeCommands } from "./_readme_commands.ts";
import { writeOut } from "./_output.ts";
import {
  addTallies,
  describeTally,
  keepTail,
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
      env: { NO_COLOR: "1" },
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error(`error: Cannot run ${program}: ${error.message}`);
    return undefined;
  }
}

/** Runs a step, shows what it prints, and counts it. */
async function runStep({ command, tally }: Step): Promise<Tally> {
  console.log(`\n$ ${command.join(" ")}`);
  const child = start(command);
  if (child === undefined) return tallyCheck(NOT_FOUND);
  let tail = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stdout) {
    await writeOut({ to: "stdout", bytes });
    tail = keepTail(tail, decoder.decode(bytes, { stream: true }));
  }
  const { code } = await child.status;
  return tally(code, tail);
}

/** Runs the gate, and returns whether nothing failed. */
async function runGate(): Promise<boolean> {
  const steps = await readSteps();
  const tallies: Tally[] = [];
  for (const step of steps) tallies.push(await runStep(step));
  console.log("");
  for (const [i, { command }] of steps.entries()) {
    console.log(`${describeTally(tallies[i]!)}: ${command.join(" ")}`);
  }
  const sum = addTallies(tallies);
  if (sum.skipped > 0) console.log(`${sum.skipped} skipped`);
  // Who reads the last line, by eye or by script, looks for two counts.
  console.log(describeTally({ ...sum, skipped: 0 }));
  return sum.failed === 0;
}

if (import.meta.main) Deno.exit(await runGate() ? 0 : 1);
