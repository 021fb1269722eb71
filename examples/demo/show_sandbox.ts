import type { Posture } from "@zu/backends/backends";
import type { StoredEvent } from "@zu/backends/sinks";
import { FORWARDER_IMAGE } from "./egress_excuse.ts";
import type { SandboxUse } from "./sandbox.ts";
import type { AnsweredCall } from "./sandbox_calls.ts";
import { showEgress } from "./show_egress.ts";
import { formatTable } from "./table.ts";

const MIB = 1024 * 1024;
const ASKED_CHARS_MAX = 50;
const OBSERVATION_CHARS_MAX = 60;

/** Prints what a sandbox was, what was done in it, and what the log has of that. */
export function showSandbox(
  { image, launchMs, posture, calls, egress, ...left }: SandboxUse,
  published: readonly StoredEvent[],
): void {
  console.log(`\nSandbox, launched in ${launchMs} ms\n`);
  console.log(`  image   ${image}, which stays at the engine`);
  if (!("why" in egress)) {
    console.log(`          ${FORWARDER_IMAGE}, of its forwarder, likewise`);
  }
  const [who, what] = describePosture(posture, !("why" in egress));
  console.log(`  guards  ${who},\n          ${what}\n`);
  const headings = ["call", "status", "ms", "observation"];
  console.log(formatTable(headings, calls.map(callRow)));
  showEgress(egress);
  const { leftProcesses, leftContainers } = left;
  console.log(
    `\n  Left: ${leftProcesses.length} of the calls' processes, ` +
      `${leftContainers} containers. In the log:\n`,
  );
  const rows = published.map(({ seq, event: { type, source } }) => {
    return [seq, type, source];
  });
  console.log(formatTable(["seq", "type", "source"], rows));
}

/** Prints why there was no sandbox, in one line. */
export function showNoSandbox(why: string): void {
  console.log(`\nNo sandbox was launched: ${why.replace(/\s+/g, " ")}`);
}

/** What a program may do, and what there is for it, a line each. */
function describePosture(
  posture: Posture,
  hasProxy: boolean,
): [string, string] {
  const { uid, gid, capabilities, seccomp, interfaces, pids } = posture;
  const who = [
    `user ${uid}:${gid}`,
    capabilities.length === 0 ? "no capabilities" : capabilities.join(" "),
    posture.noNewPrivileges ? "no new privileges" : "may gain privileges",
    `seccomp ${seccomp}`,
  ];
  const isAlone = interfaces.every((name) => name === "lo");
  const what = [
    isAlone
      ? hasProxy ? "no network but a proxy" : "no network"
      : `network ${interfaces.join(" ")}`,
    posture.readOnlyRootfs ? "read-only files" : "writable files",
    `${megabytes(posture.memory)} of memory`,
    `${posture.cpus ?? "all"} cpu`,
    `${pids ?? "any number of"} processes`,
  ];
  return [who.join(", "), what.join(", ")];
}

function megabytes(bytes: number | null): string {
  return bytes === null ? "all" : `${Math.round(bytes / MIB)} MiB`;
}

function callRow({ call, observation, durationMs }: AnsweredCall) {
  const { status, ...rest } = observation;
  const shown = shorten(JSON.stringify(rest), OBSERVATION_CHARS_MAX);
  const asked = `${call.name} ${JSON.stringify(call.args)}`;
  return [shorten(asked, ASKED_CHARS_MAX), status, durationMs, shown];
}

function shorten(text: string, charsMax: number): string {
  return text.length > charsMax ? `${text.slice(0, charsMax - 1)}…` : text;
}
