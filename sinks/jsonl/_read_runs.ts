import type { AuditRow } from "../auditable_sink.ts";
import type { StoredEvent } from "../event.ts";
import { type FilterPlan, matchesFilter } from "../event_filter.ts";
import { SinkError } from "../sink_error.ts";
import { lineText, readLine } from "./_lines.ts";
import type { LineRun } from "./_read_log.ts";

/**
 * The matching events of a run of lines.
 *
 * @param run The lines.
 * @param plan What to match.
 * @param path The log, for errors.
 * @param onCorrupt Is told of lines that are no events; without it, the first
 * of them is thrown, since it cannot be known whether it would have matched.
 */
export function* matchingEvents(
  run: LineRun,
  plan: FilterPlan,
  path: string,
  onCorrupt: ((error: SinkError) => void) | undefined,
): Generator<StoredEvent, void, undefined> {
  const report = (error: unknown): void => {
    if (onCorrupt === undefined || !(error instanceof SinkError)) throw error;
    onCorrupt(error);
  };
  if (run.error !== undefined) report(run.error);
  for (const [i, line] of run.lines.entries()) {
    let stored: StoredEvent;
    try {
      stored = readLine(line, run.first + i, path);
    } catch (error) {
      report(error);
      continue;
    }
    if (matchesFilter(stored.event, plan)) yield stored;
  }
}

/** The lines of a run as they stand, for verification. */
export function auditRows(run: LineRun, path: string): AuditRow[] {
  const rows: AuditRow[] = [];
  if (run.error !== undefined) rows.push({ seq: run.first, error: run.error });
  for (const [i, line] of run.lines.entries()) {
    const seq = run.first + i;
    try {
      rows.push({ seq, text: lineText(line, seq, path) });
    } catch (error) {
      if (!(error instanceof SinkError)) throw error;
      rows.push({ seq, error });
    }
  }
  return rows;
}
