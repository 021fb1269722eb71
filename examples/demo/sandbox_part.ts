import { BackendError, type BackendErrorCode } from "@zu/backends/backends";
import type { DestinationState, StoredEvent } from "@zu/backends/sinks";
import type { Check } from "./checks.ts";
import type { DemoLog } from "./demo_log.ts";
import { checkEgress } from "./egress_check.ts";
import { type SandboxUse, useSandbox } from "./sandbox.ts";
import { checkCalls, checkLeft, checkTrace } from "./sandbox_checks.ts";
import { SandboxTrace } from "./sandbox_trace.ts";
import { ship } from "./shipping.ts";
import { showNoSandbox, showSandbox } from "./show_sandbox.ts";

/** More than the demo publishes of a sandbox. */
const EVENTS_MAX = 100;

/** What the machine cannot do or may not, which is no fault of the demo's. */
const EXCUSES: readonly BackendErrorCode[] = [
  "engine_unavailable",
  "image_refused",
  "unsupported",
];

/** What came of the part of the demo that is about a sandbox. */
export interface SandboxPart {
  /** What it published. */
  readonly published: readonly StoredEvent[];
  /** How the copy and the anchors fared with that. */
  readonly destinations: readonly DestinationState[];
  /** What was looked at. */
  readonly checks: readonly Check[];
}

/**
 * Uses a sandbox, if the machine has what that takes, with a record of it in the
 * log and in its copy; and shows what came of it, or why there was none.
 *
 * @param use What uses it; {@linkcode useSandbox}, but in tests.
 */
export async function runSandboxPart(
  demoLog: DemoLog,
  signal: AbortSignal,
  use: typeof useSandbox = useSandbox,
): Promise<SandboxPart> {
  const checks: Check[] = [];
  let published: readonly StoredEvent[] = [];
  const destinations = await ship(demoLog, EVENTS_MAX, async (publish) => {
    const trace = new SandboxTrace(publish);
    try {
      checks.push(...look(await use(trace, signal), trace));
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      const check = judge(error, trace);
      if (check !== undefined) checks.push(check);
    }
    published = trace.published;
  });
  const [first] = published;
  if (first === undefined) return { published, destinations, checks };
  const { trace_id } = first.event;
  for (const name of ["log", "copy"] as const) {
    const found = await demoLog[name].query({ trace_id });
    checks.push(checkTrace(`the ${name}`, found, published));
  }
  return { published, destinations, checks };
}

function look(use: SandboxUse, { published }: SandboxTrace): Check[] {
  showSandbox(use, published);
  return [checkCalls(use), ...checkEgress(use, published), checkLeft(use)];
}

/** Tells a machine without an engine, which is fine, from a failure. */
function judge(
  { code, message }: BackendError,
  { published }: SandboxTrace,
): Check | undefined {
  const why = `${code}: ${message}`;
  if (published.length === 0) showNoSandbox(why);
  if (published.length === 0 && EXCUSES.includes(code)) return undefined;
  return { what: "a sandbox runs what it is asked to", problem: why };
}
