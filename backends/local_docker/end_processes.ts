import { BackendError } from "../backend_error.ts";
import type { RunCleanup } from "../run_result.ts";
import type { Box } from "./box.ts";
import { Capture } from "./capture.ts";
import { delay } from "./delay.ts";
import { ExecStream } from "./exec_stream.ts";
import {
  type KillReport,
  killScript,
  lookScript,
  type ProcessTag,
  readKillReport,
} from "./process_tag.ts";

/** How long one look through the processes may take. */
const SCAN_TIMEOUT_MS = 10_000;
/** How many looks are taken before the sandbox is ended. */
const SCANS_MAX = 10;
const REPORT_BYTES_MAX = 4096;
const POLL_MS = 10;

/** What could have a shell or its loader run something else first. */
const NO_DETOURS = {
  ENV: "",
  BASH_ENV: "",
  LD_PRELOAD: "",
  LD_LIBRARY_PATH: "",
};

/** What came of ending the processes of a run. */
export interface Ended {
  readonly cleanup: Exclude<RunCleanup, "none">;
  readonly survivors: number;
}

/** What there is to say where the sandbox ended with all that was in it. */
export const SANDBOX_KILLED: Ended = {
  cleanup: "sandbox_killed",
  survivors: 0,
};

/** Whose processes are to be ended. */
export interface RunProcesses {
  readonly tag: ProcessTag;
  /** Whom they run as: only the same user may kill them. */
  readonly user: string;
  /** Whether the program itself is still there. */
  readonly isRunning: () => Promise<boolean>;
  /** A process that may live on. */
  readonly spared?: number;
}

/**
 * Ends every process of a run, and looks again; where that fails or cannot be
 * seen, ends the sandbox.
 */
export async function endProcesses(
  box: Box,
  run: RunProcesses,
): Promise<Ended> {
  const survivors = await scanUntilGone(box, run);
  if (survivors === 0) return { cleanup: "verified", survivors: 0 };
  await box.remove(
    survivors === undefined
      ? "it was ended since a run's processes in it could not be"
      : `it was ended since ${survivors} of a run's processes could not be`,
  );
  return { cleanup: "sandbox_killed", survivors: survivors ?? 0 };
}

/** How many processes are left; `undefined` if that cannot be told. */
async function scanUntilGone(
  box: Box,
  { tag, user, isRunning, spared }: RunProcesses,
): Promise<number | undefined> {
  const { shell } = box.facts;
  if (shell === undefined || box.gone.aborted) return undefined;
  try {
    let hasEnded = false;
    for (let scans = 0; scans < SCANS_MAX; scans++) {
      const killing = await report(box, user, killScript(tag, spared));
      if (killing === undefined || killing.left > 0) return killing?.left;
      // Only a look that begins when the program has ended counts: before, it may
      // not have come to put its tag on, and be yet to start others.
      hasEnded ||= !await isRunning();
      if (hasEnded) {
        const look = lookScript(tag, spared);
        const seen = await report(box, box.facts.holder, look);
        if (seen === undefined || seen.left === 0) return seen?.left;
      }
      await delay(POLL_MS);
    }
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
  }
  return undefined;
}

async function report(
  box: Box,
  user: string,
  script: string,
): Promise<KillReport | undefined> {
  return readKillReport(await runScript(box, user, script) ?? "");
}

/** Runs a shell script, and returns what it prints; `undefined` if that takes long. */
export async function runScript(
  box: Box,
  user: string,
  script: string,
  timeoutMs: number = SCAN_TIMEOUT_MS,
): Promise<string | undefined> {
  const exec = await ExecStream.start(box.engine, box.facts.id, {
    argv: [box.facts.shell?.path ?? "sh", "-c", script],
    user,
    env: NO_DETOURS,
    stdin: false,
  });
  const printed = new Capture(REPORT_BYTES_MAX);
  const over = new AbortController();
  const read = async () => {
    for await (const { name, bytes } of exec.output()) {
      if (name === "stdout") printed.push(bytes);
    }
    return true;
  };
  const reading = read();
  // Once time is up, nobody waits for the reading, which then breaks off.
  reading.catch(() => {});
  try {
    const tooLong = delay(timeoutMs, over.signal).then(() => false);
    if (!await Promise.race([reading, tooLong])) return undefined;
    return new TextDecoder().decode(printed.bytes());
  } finally {
    over.abort();
    exec.disconnect();
  }
}
