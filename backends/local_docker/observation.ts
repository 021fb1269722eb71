import type { RunResult } from "../run_result.ts";
import type { Observation } from "../tool_call.ts";

/** How much of what a tool wrote is shown to a model when it is of no use. */
const RAW_CHARS_MAX = 2_000;
const ERROR_CHARS_MAX = 500;

/**
 * What a model gets to see of a tool that ran: the JSON object that it printed, or
 * what stands for its failure. What is no such object is never passed off as one.
 */
export function observationOf(
  name: string,
  result: RunResult,
  timeoutMs: number,
): Observation {
  const { outcome, exitCode, cleanup } = result;
  if (outcome === "timeout") {
    const ended = cleanup === "sandbox_killed"
      ? "; its sandbox had to be ended"
      : "";
    return failed(504, `${name} timed out after ${timeoutMs} ms${ended}`);
  }
  if (outcome === "oom") return failed(500, `${name} ran out of memory`);
  if (exitCode !== 0) {
    const said = text(result.stderr).trim() || text(result.stdout).trim();
    return failed(
      500,
      `${name} failed (exit ${exitCode}): ${said.slice(0, ERROR_CHARS_MAX)}`,
    );
  }
  return printed(name, result);
}

function printed(name: string, { stdout, dropped }: RunResult): Observation {
  const raw = text(stdout);
  const useless = (what: string): Observation => ({
    status: 500,
    error: `${name} ${what}`,
    raw: raw.slice(0, RAW_CHARS_MAX),
  });
  if (dropped.stdout > 0) {
    return useless(`printed ${dropped.stdout} bytes more than are kept`);
  }
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return useless("printed what is no JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return useless("printed JSON that is no object");
  }
  const { status = 200 } = value as { status?: unknown };
  if (!Number.isInteger(status)) {
    return useless("printed a status that is no whole number");
  }
  return { ...value, status: status as number };
}

/** An observation of a failure, in the shape that a rendered page has. */
function failed(status: number, error: string): Observation {
  return { status, html: "", error };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
