import type { StoredEvent } from "@zu/backends/sinks";
import type { Check } from "./checks.ts";
import type { SandboxUse } from "./sandbox.ts";

/** Whether the calls came out as they should: one answered, one ended in time. */
export function checkCalls({ calls }: Pick<SandboxUse, "calls">): Check {
  const what = "a sandbox answered one call, and ended the one that took long";
  const found = calls.slice(0, 2).map(({ observation }) => observation);
  const [answered, ended] = found;
  const isFine = answered?.status === 200 &&
    answered.words === 5 && ended?.status === 504;
  const problem = isFine ? undefined : `it gave ${JSON.stringify(found)}`;
  return { what, problem };
}

/** Whether everything that was started is gone. */
export function checkLeft(
  { leftProcesses, leftContainers }: Pick<
    SandboxUse,
    "leftProcesses" | "leftContainers"
  >,
): Check {
  const problem = leftProcesses.length > 0
    ? `these still ran: ${leftProcesses.join("; ")}`
    : leftContainers > 0
    ? `the engine still has ${leftContainers} containers`
    : undefined;
  const what = "the calls left no process, and the sandbox no container";
  return { what, problem };
}

/** Whether a log has what was published, in that order, and nothing else of it. */
export function checkTrace(
  name: string,
  found: readonly StoredEvent[],
  published: readonly StoredEvent[],
): Check {
  const what = `${name} tells what became of the sandbox`;
  // The hash covers everything that an event says, and its place in the trace.
  const list = (events: readonly StoredEvent[]) =>
    events.map(({ event }) => `${event.type} ${event.hash}`).join(", ");
  const isFine = list(found) === list(published);
  const problem = isFine
    ? undefined
    : `it has ${list(found) || "nothing"}, and should have ${list(published)}`;
  return { what, problem };
}
