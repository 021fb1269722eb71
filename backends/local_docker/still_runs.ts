import { BackendError } from "../backend_error.ts";
import type { Box } from "./box.ts";
import { delay } from "./delay.ts";
import { runScript } from "./end_processes.ts";

/** How long the engine may take to hear of a sandbox's end after a program's. */
const LAG_MS = 1_000;
const POLL_MS = 20;
const ANSWER = "zu-here";

/**
 * Whether a sandbox, one of whose programs was killed, still runs.
 *
 * The kernel ends the programs of a container whose first process is killed, and
 * the engine hears of them first: until it comes to the container itself, it says
 * that that runs. A program that can still be started proves it, since the kernel
 * starts none where the first process has ended.
 *
 * @throws {BackendError} If the engine cannot say.
 */
export async function stillRuns(box: Box): Promise<boolean> {
  if (!await box.isRunning()) return false;
  if (await answers(box)) return true;
  // It has no shell, or its processes are at their limit, or it is ending.
  const deadline = performance.now() + LAG_MS;
  while (performance.now() < deadline) {
    await delay(POLL_MS, box.gone);
    if (!await box.isRunning()) return false;
  }
  return true;
}

async function answers(box: Box): Promise<boolean> {
  if (!box.facts.hasShell) return false;
  try {
    const script = `echo ${ANSWER}`;
    const said = await runScript(box, box.facts.holder, script, LAG_MS);
    return said?.trim() === ANSWER;
  } catch (error) {
    if (error instanceof BackendError) return false;
    throw error;
  }
}
