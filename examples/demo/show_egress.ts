import type { EgressAttempt } from "@zu/backends/backends";
import type { EgressUse, NoEgress } from "./sandbox.ts";
import { formatTable } from "./table.ts";

/** Prints what a sandbox tried to reach, or why it could reach nothing at all. */
export function showEgress(egress: EgressUse | NoEgress): void {
  if ("why" in egress) {
    console.log(`\n  No scoped egress: ${egress.why.replace(/\s+/g, " ")}`);
    return;
  }
  console.log(
    `\n  Egress, to ${egress.granted} alone, a server of the demo's own:\n`,
  );
  const headings = ["asked for", "allowed", "reason", "sent", "received"];
  console.log(formatTable(headings, egress.attempts.map(attemptRow)));
}

function attemptRow(attempt: EgressAttempt) {
  const { method, host, port, allowed, reason } = attempt;
  const target = host === null ? "(no host)" : `${host}:${port}`;
  return [
    `${method ?? "?"} ${target}`,
    allowed ? "yes" : "no",
    reason,
    attempt.bytes_out,
    attempt.bytes_in,
  ];
}
