import type { ChainViolation, EventSink, LogReport } from "@zu/backends/sinks";
import type { Check } from "./checks.ts";
import type { Counts } from "./counts.ts";
import type { DemoLog } from "./demo_log.ts";
import type { ReplayResult } from "./replay.ts";
import { formatNumber, formatTable } from "./table.ts";
import type { TamperResult } from "./tamper.ts";
import type { Tampering } from "./tampering.ts";

const PAGE_LIMIT = 6;
const VIOLATIONS_SHOWN = 2;

/** Prints how long the replay took. */
export function showSpeed(events: number, result: ReplayResult): void {
  const { storedMs, shippedMs } = result;
  const rate = formatNumber(1000 * events / storedMs);
  console.log(
    `\nReplayed ${formatNumber(events)} events in ${seconds(storedMs)}: ` +
      `${rate} events a second, on disk.\n` +
      `The copy and the anchors were there after ${seconds(shippedMs)}.`,
  );
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** Prints how many events there are. */
export function showCounts({ byType, byTrace }: Counts): void {
  console.log("\nEvents by type\n");
  const types = [...byType].sort(([, a], [, b]) => b - a);
  console.log(formatTable(["type", "events"], types));
  console.log("\nEvents by trace\n");
  console.log(formatTable(["trace", "events"], [...byTrace]));
}

/** Prints the first page of the first event's task. */
export async function showTask(log: EventSink): Promise<void> {
  const [first] = await log.query({}, { limit: 1 });
  if (first === undefined) return;
  const { task_id } = first.event;
  const page = await log.query({ task_id }, { limit: PAGE_LIMIT });
  const count = await log.count({ task_id });
  const shown = `${page.length} of ${formatNumber(count)} events`;
  console.log(`\nTask ${task_id}, ${shown}\n`);
  const rows = page.map(({ seq, event: { ts, type, source } }) => {
    return [seq, ts, type, source];
  });
  console.log(formatTable(["seq", "ts", "type", "source"], rows));
  if (page.length < count) {
    console.log(`  … and more with { afterSeq: ${page.at(-1)?.seq} }`);
  }
}

/** Prints what a log takes on disk, and what wrote it. */
export async function showStorage(
  { folder, store }: DemoLog,
  events: number,
): Promise<void> {
  console.log(`\nStorage: ${store.storage}\n`);
  const { size } = await Deno.stat(`${folder}/run.jsonl`);
  const rows = [...await store.sizes(), ["run.jsonl", size] as const]
    .map(([name, bytes]) => [name, bytes, bytes / events]);
  console.log(formatTable(["log", "bytes", "bytes an event"], rows));
}

/** Prints what verifications found. */
export function showReports(reports: Record<string, LogReport>): void {
  console.log("\nVerification, with the signing key and the anchors\n");
  const rows = Object.entries(reports).map(([name, report]) => [
    name,
    report.events,
    report.traces,
    report.unlinked,
    report.violationsTotal,
  ]);
  const headings = ["log", "events", "traces", "unlinked", "violations"];
  console.log(formatTable(headings, rows));
}

/** Prints what came of one edit. */
export function showTampering(
  { what }: Tampering,
  { name, violations }: TamperResult,
): void {
  console.log(`  ${name}: ${what}`);
  for (const violation of violations.slice(0, VIOLATIONS_SHOWN)) {
    console.log(`    ${describeViolation(violation)}`);
  }
}

function describeViolation(violation: ChainViolation): string {
  const { code, seq, event_id, trace_id } = violation;
  const place = event_id === null
    ? `trace ${trace_id}`
    : `seq ${seq}, event ${event_id}`;
  return `${code.padEnd(15)}  ${place}`;
}

/** Prints each check, and returns whether all of them hold. */
export function showChecks(checks: readonly Check[]): boolean {
  console.log("\nChecks\n");
  for (const { what, problem } of checks) {
    const isFine = problem === undefined;
    console.log(isFine ? `  ok      ${what}` : `  FAILED  ${what}: ${problem}`);
  }
  return checks.every(({ problem }) => problem === undefined);
}
