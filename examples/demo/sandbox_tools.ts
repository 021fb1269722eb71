import type { ToolCall } from "@zu/backends/backends";
import type { LocalDockerBackendOptions } from "@zu/backends/backends/local-docker";

/** Prints numbers alone, so that nothing has to be escaped. */
const WORD_COUNT = `words=$(printf %s "$1" | wc -w)
printf '{"words":%d,"characters":%d}' "$words" "\${#1}"`;
/** Waits twice, so that there is a child to be ended, too. */
const WAIT = `sleep "$1" & sleep "$1"`;
const SECONDS_MAX = 3_600;
/** Prints the status of each answer, or 0 where there was none. */
const FETCH = `statuses=
for url; do
  if said=$(wget -q -O - "$url" 2>&1); then status=200
  else status=\${said##*HTTP/1.? } status=\${status%% *}
  fi
  statuses=$statuses,$(printf %d "$status" 2>/dev/null)
done
printf '{"statuses":[%s]}' "\${statuses#,}"`;

/**
 * What the demo's tools are: each makes a program and its arguments out of what a
 * model asks for. No shell reads those arguments: they come behind the script.
 */
export const TOOLS: NonNullable<LocalDockerBackendOptions["tools"]> = {
  word_count: ({ text }) => {
    if (typeof text === "string") return ["sh", "-c", WORD_COUNT, "sh", text];
    throw new TypeError("text has to be the text whose words are counted");
  },
  wait: ({ seconds }) => {
    const isFine = Number.isInteger(seconds) &&
      (seconds as number) >= 0 && (seconds as number) <= SECONDS_MAX;
    if (isFine) return ["sh", "-c", WAIT, "sh", String(seconds)];
    throw new TypeError(`seconds has to be a number from 0 to ${SECONDS_MAX}`);
  },
  fetch: ({ urls }) => {
    const isFine = Array.isArray(urls) && urls.every(isHttpUrl);
    if (isFine) return ["sh", "-c", FETCH, "sh", ...urls];
    throw new TypeError("urls has to be a list of what begins with http://");
  },
};

function isHttpUrl(value: unknown): value is string {
  return typeof value === "string" && value.startsWith("http://");
}

/** A call of a tool, and how long it may take. */
export interface TimedCall extends ToolCall {
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** How many connections it tries to make. */
  readonly attempts?: number;
}

/**
 * The calls that the demo makes on every machine: one that is answered, and one
 * that takes too long.
 */
export const CALLS: readonly [TimedCall, TimedCall] = [
  {
    name: "word_count",
    args: { text: "find the cheapest flat white" },
    timeoutMs: 10_000,
  },
  { name: "wait", args: { seconds: 600 }, timeoutMs: 500 },
];
