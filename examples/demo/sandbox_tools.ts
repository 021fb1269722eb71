import type { ToolCall } from "@zu/backends/backends";
import type { LocalDockerBackendOptions } from "@zu/backends/backends/local-docker";

/** Prints numbers alone, so that nothing has to be escaped. */
const WORD_COUNT = `words=$(printf %s "$1" | wc -w)
printf '{"words":%d,"characters":%d}' "$words" "\${#1}"`;
/** Waits twice, so that there is a child to be ended, too. */
const WAIT = `sleep "$1" & sleep "$1"`;
const SECONDS_MAX = 3_600;

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
};

/** A call of a tool, and how long it may take. */
export interface TimedCall extends ToolCall {
  /** In milliseconds. */
  readonly timeoutMs: number;
}

/** The calls that the demo makes: one that is answered, and one that takes too long. */
export const CALLS: readonly [TimedCall, TimedCall] = [
  {
    name: "word_count",
    args: { text: "find the cheapest flat white" },
    timeoutMs: 10_000,
  },
  { name: "wait", args: { seconds: 600 }, timeoutMs: 500 },
];
