import type { DestinationState, LogReport } from "@zu/backends/sinks";
import type { Counts } from "./counts.ts";

/** Something that was looked at. */
export interface Check {
  /** What should hold, in words. */
  readonly what: string;
  /** What was found in its place, `undefined` if it holds. */
  readonly problem: string | undefined;
}

/** Whether the log holds what was replayed. */
export function checkCounts(
  stored: Counts,
  replayed: Counts,
  times: number,
): Check {
  const what = "the log holds every event that was replayed, once";
  const pairs: [string, number, number][] = [
    ["events", stored.events, replayed.events * times],
    ["traces", stored.byTrace.size, replayed.byTrace.size * times],
    ["types", stored.byType.size, replayed.byType.size],
    ...Array.from(
      replayed.byType,
      ([type, count]): [string, number, number] => [
        `events of type ${type}`,
        stored.byType.get(type) ?? 0,
        count * times,
      ],
    ),
  ];
  for (const [name, found, expected] of pairs) {
    if (found === expected) continue;
    const problem = `it holds ${found} ${name}, and should hold ${expected}`;
    return { what, problem };
  }
  return { what, problem: undefined };
}

/** Whether a log verifies: in full, linked throughout, with nothing wrong. */
export function checkReport(
  name: string,
  report: LogReport,
  events: number,
): Check {
  const [first] = report.violations;
  const problem = first !== undefined
    ? `${report.violationsTotal} violations; the first: ${first.message}`
    : !report.complete
    ? "the verification did not reach the end of the log"
    : report.events !== events
    ? `${report.events} events were verified, and there should be ${events}`
    : report.unlinked > 0
    ? `${report.unlinked} events are not linked`
    : undefined;
  return { what: `${name} verifies`, problem };
}

/** How destinations fared, in two parts of a run together. */
export function addDestinations(
  first: readonly DestinationState[],
  second: readonly DestinationState[],
): DestinationState[] {
  return first.map((state) => {
    const other = second.find(({ name }) => name === state.name);
    return {
      name: state.name,
      queued: state.queued + (other?.queued ?? 0),
      delivered: state.delivered + (other?.delivered ?? 0),
      failed: state.failed + (other?.failed ?? 0),
      dropped: state.dropped + (other?.dropped ?? 0),
    };
  });
}

/** Whether a destination of the bus got everything. */
export function checkDestination(
  { name, delivered, failed, dropped }: DestinationState,
  total: number,
): Check {
  const isWhole = delivered === total && failed === 0 && dropped === 0;
  return {
    what: `everything was shipped to "${name}"`,
    problem: isWhole
      ? undefined
      : `${delivered} of ${total} events were, ${failed} failed, ${dropped} ` +
        "were dropped",
  };
}
