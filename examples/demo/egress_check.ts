import { isDeepStrictEqual } from "node:util";
import type { StoredEvent } from "@zu/backends/sinks";
import type { Check } from "./checks.ts";
import { egressTrials } from "./egress_trials.ts";
import type { SandboxUse } from "./sandbox.ts";

/**
 * Whether a sandbox reached what it was granted and nothing else, and whether each
 * attempt was recorded, in order. Where there was no scoped egress, there is
 * nothing to check.
 */
export function checkEgress(
  { egress, calls }: Pick<SandboxUse, "egress" | "calls">,
  published: readonly StoredEvent[],
): Check[] {
  if ("why" in egress) return [];
  const { granted, attempts, asked } = egress;
  const what = "the sandbox reached what it was granted alone, and each " +
    "attempt is recorded";
  const trials = egressTrials(granted);
  const outcomes = attempts.map(({ host, allowed, reason }) => {
    return { host, allowed, reason };
  });
  const recorded = published.map(({ event }) => event)
    .filter(({ type }) => type === "data.egress.attempted");
  const comparisons: [string, unknown, unknown][] = [
    [
      "its attempts",
      outcomes,
      trials.map(({ host, allowed, reason }) => ({ host, allowed, reason })),
    ],
    [
      "its answers",
      calls.at(-1)?.observation.statuses,
      trials.map(({ status }) => status),
    ],
    ["what is recorded", recorded.map(({ payload }) => payload), attempts],
    ["what the server was asked for", asked, ["/menu"]],
  ];
  for (const [name, found, expected] of comparisons) {
    if (isDeepStrictEqual(found, expected)) continue;
    const problem =
      `${name}: found ${JSON.stringify(found)}, and it should be ` +
      JSON.stringify(expected);
    return [{ what, problem }];
  }
  return [{ what, problem: undefined }];
}
