/**
 * The demo: replays a run log into an encrypted, signed log, a SQLite file or on a
 * PostgreSQL server, with a JSONL copy beside it, records there what a sandbox does,
 * shows what is in it, verifies it, and edits copies behind its back to show that this
 * is found.
 *
 *     deno task demo --help
 *
 * @module
 */
import { CodecError } from "@zu/backends/codec";
import { type Event, SinkError, verifyLog } from "@zu/backends/sinks";
import {
  addDestinations,
  type Check,
  checkCounts,
  checkDestination,
  checkReport,
} from "./checks.ts";
import { countEvents, type Counts, withoutCounts } from "./counts.ts";
import { type DemoLog, openDemoLog } from "./demo_log.ts";
import { type Flags, parseFlags, USAGE, UsageError } from "./flags.ts";
import { progressBar } from "./progress.ts";
import { replay } from "./replay.ts";
import { makeRunFolder } from "./run_folder.ts";
import { readRunLog, replayed, RunLogError } from "./run_log.ts";
import { runSandboxPart, type SandboxPart } from "./sandbox_part.ts";
import {
  showChecks,
  showCounts,
  showReports,
  showSpeed,
  showStorage,
  showTampering,
  showTask,
} from "./show.ts";
import { tamper } from "./tamper.ts";
import { planTamperings } from "./tampering.ts";

/** How many events are replayed at most: they may all wait for the copy. */
const EVENTS_MAX = 1_000_000;
/** What came of a sandbox that was not asked for. */
const NO_SANDBOX: SandboxPart = { published: [], destinations: [], checks: [] };

/** Runs the demo, and returns whether everything was as it should be. */
async function demo(flags: Flags, signal: AbortSignal): Promise<boolean> {
  const events = await readRunLog(flags.in);
  const total = events.length * flags.repeat;
  if (total > EVENTS_MAX) {
    const message = `--repeat: ${flags.repeat} times ${events.length} events ` +
      `are more than ${EVENTS_MAX}`;
    throw new UsageError(message);
  }
  if (flags.sink !== undefined) {
    const { checkServer } = await import("./postgres_store.ts");
    await checkServer(flags.sink);
  }
  const folder = await makeRunFolder(flags.out);
  console.log(`Replaying ${flags.in}\ninto ${folder}\n`);
  let farewell = "";
  try {
    await using demoLog = await openDemoLog(folder, flags);
    farewell = demoLog.store.farewell;
    const checks = [
      ...await fill(demoLog, events, flags, signal),
      ...await verify(demoLog, signal),
      ...await edit(demoLog, signal),
    ];
    return showChecks(checks);
  } finally {
    console.log(
      `\nThe files are in ${folder}.\n` +
        "Its keys.env is for ManagedAesGcmCodec.fromEnv; it lies beside the log " +
        "only\nbecause this is a demo." + (farewell && `\n${farewell}`),
    );
  }
}

/** Replays the events, uses a sandbox, and shows what the log holds then. */
async function fill(
  demoLog: DemoLog,
  events: readonly Event[],
  { repeat, sandbox }: Flags,
  signal: AbortSignal,
): Promise<Check[]> {
  const total = events.length * repeat;
  const result = await replay(replayed(events, repeat), demoLog, {
    total,
    onProgress: progressBar(total, {
      isTerminal: Deno.stdout.isTerminal(),
      write: (text) => Deno.stdout.writeSync(new TextEncoder().encode(text)),
    }),
    signal,
  });
  showSpeed(total, result);
  const { published, destinations, checks } = sandbox
    ? await runSandboxPart(demoLog, signal)
    : NO_SANDBOX;
  const counts = await countStored(demoLog, signal);
  showCounts(counts);
  await showTask(demoLog.log);
  await showStorage(demoLog, counts.events);
  const ofSandbox = await countEvents(published.map(({ event }) => event));
  return [
    checkCounts(
      withoutCounts(counts, ofSandbox),
      await countEvents(distinct(events)),
      repeat,
    ),
    ...checks,
    ...addDestinations(result.destinations, destinations).map((each) =>
      checkDestination(each, total + published.length)
    ),
  ];
}

/** Counts what the log holds, a batch of events at a time. */
async function countStored(
  { log }: DemoLog,
  signal: AbortSignal,
): Promise<Counts> {
  return await countEvents(
    (async function* () {
      for await (const { event } of log.stream({}, { signal })) yield event;
    })(),
  );
}

/** What a log keeps of a file in which an event stands twice: one of them. */
function distinct(events: readonly Event[]): Iterable<Event> {
  return new Map(events.map((event) => [event.event_id, event])).values();
}

/** Verifies the log and its copy. */
async function verify(
  { store, log, copy, keys, anchors }: DemoLog,
  signal: AbortSignal,
): Promise<Check[]> {
  const options = { key: keys.signKey, anchors, signal };
  const events = await log.count();
  const reports = {
    [store.name]: await verifyLog(log, options),
    "run.jsonl": await verifyLog(copy, options),
  };
  showReports(reports);
  return Object.entries(reports).map(([name, report]) =>
    checkReport(name, report, events)
  );
}

/** Edits copies of the log, one edit each. */
async function edit(demoLog: DemoLog, signal: AbortSignal): Promise<Check[]> {
  console.log("\nCopies that were edited behind the log's back\n");
  const checks: Check[] = [];
  for (const tampering of await planTamperings(demoLog.log)) {
    const result = await tamper(demoLog, tampering, signal);
    showTampering(tampering, result);
    const what = `the edit of ${result.name} is found`;
    checks.push({ what, problem: result.problem });
  }
  return checks;
}

/** Runs the demo as a program, and returns its exit code. */
async function main(args: readonly string[]): Promise<number> {
  const controller = new AbortController();
  const { signal } = controller;
  const interrupt = () => {
    // A second Ctrl-C ends the process at once.
    Deno.removeSignalListener("SIGINT", interrupt);
    controller.abort(new DOMException("Interrupted", "AbortError"));
  };
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    const flags = parseFlags(args);
    if (!flags.help) return await demo(flags, signal) ? 0 : 1;
    console.log(USAGE);
    return 0;
  } catch (error) {
    if (signal.aborted && error === signal.reason) {
      console.error("Interrupted: every file was closed.");
      return 130;
    }
    if (error instanceof UsageError) {
      console.error(`error: ${error.message}\nSee deno task demo --help`);
      return 2;
    }
    const isExpected = error instanceof RunLogError ||
      error instanceof SinkError || error instanceof CodecError;
    if (!isExpected) throw error;
    console.error(`error: ${error.message}`);
    return 1;
  } finally {
    if (!signal.aborted) Deno.removeSignalListener("SIGINT", interrupt);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
