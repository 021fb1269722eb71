import { TIMER_MS_MAX } from "../_until_ended.ts";
import { absolutePath } from "../spec/absolute_path.ts";
import { asMisuse } from "../spec/refusal.ts";
import { readCommand, readEnv } from "../spec/text_fields.ts";
import { readUser } from "../spec/user_check.ts";
import type {
  RunOptions,
  ShellRunOptions,
  SpawnOptions,
} from "../run_result.ts";
import type { ShellOptions } from "../sandbox_shell.ts";
import type { BoxFacts } from "./box.ts";
import type { RunRequest } from "./run.ts";
import { idOf } from "./sandbox_user.ts";
import type { ShellPlan, ShellRequest } from "./shell.ts";
import type { SpawnRequest } from "./spawn.ts";

/** How many bytes of each output are kept, by default. */
const OUTPUT_BYTES_MAX = 10 * 1024 * 1024;
/** The most that may be kept of one. */
const OUTPUT_BYTES_LIMIT = 1024 * 1024 * 1024;

/**
 * Checks a time limit.
 *
 * @throws {RangeError} If it is not above 0, or more than a timer takes.
 */
export function checkTimeout(name: string, ms: number): number {
  if (typeof ms === "number" && ms > 0 && ms <= TIMER_MS_MAX) return ms;
  throw new RangeError(
    `${name} is ${ms}, and has to be above 0 and at most ${TIMER_MS_MAX} ms`,
  );
}

function checkBytes(name: string, bytes: number): number {
  if (
    Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= OUTPUT_BYTES_LIMIT
  ) {
    return bytes;
  }
  throw new RangeError(
    `${name} is ${bytes}, and has to be a whole number from 0 to ` +
      `${OUTPUT_BYTES_LIMIT}`,
  );
}

/**
 * Checks a program and its arguments.
 *
 * @throws {TypeError} For what is none.
 */
export function checkArgv(argv: readonly string[]): readonly string[] {
  const words = asMisuse("argv", () => readCommand(argv));
  // The shell that sets the limits would read it as an option of its own.
  if (words[0]!.startsWith("-")) {
    throw new TypeError(
      `argv: a program's name cannot begin with -: ${words[0]}`,
    );
  }
  return words;
}

/** Fills in whom and where; what is left out is the sandbox's. */
function place(
  { user, env, workdir }: ShellOptions,
  facts: BoxFacts,
): Required<Pick<SpawnRequest, "user" | "env" | "workdir">> {
  return {
    user: user === undefined ? facts.user : readOtherUser(user, facts),
    env: {
      ...facts.env,
      ...(env === undefined ? {} : asMisuse("env", () => readEnv(env))),
    },
    workdir: workdir === undefined
      ? undefined
      : asMisuse("workdir", () => absolutePath(workdir, "workdir")),
  };
}

function readOtherUser(user: string, { holder }: BoxFacts): string {
  const read = asMisuse("user", () => readUser(user));
  if (idOf(read) !== idOf(holder)) return read;
  throw new TypeError(
    `user: ${
      idOf(holder)
    } is whom the sandbox's guard runs as. Take another one`,
  );
}

/** Checks what a program is started with, and fills in the rest. */
export function spawnRequest(
  argv: readonly string[],
  options: SpawnOptions,
  facts: BoxFacts,
  timeoutMs: number,
): SpawnRequest {
  return {
    argv: checkArgv(argv),
    ...place(options, facts),
    timeoutMs: checkTimeout("timeoutMs", options.timeoutMs ?? timeoutMs),
    signal: options.signal,
  };
}

/** Checks what a program is run with, and fills in the rest. */
export function runRequest(
  argv: readonly string[],
  options: RunOptions,
  facts: BoxFacts,
  timeoutMs: number,
): RunRequest {
  return {
    ...spawnRequest(argv, options, facts, timeoutMs),
    ...outputBounds(options),
    input: options.stdin,
  };
}

/** Checks how a shell is opened, and fills in the rest. */
export function shellPlan(
  options: ShellOptions,
  facts: BoxFacts,
  timeoutMs: number,
): ShellPlan {
  return {
    ...place(options, facts),
    check: (argv, options = {}): ShellRequest => {
      checkArgv(argv);
      return {
        timeoutMs: checkTimeout("timeoutMs", options.timeoutMs ?? timeoutMs),
        signal: options.signal,
        ...outputBounds(options),
      };
    },
  };
}

function outputBounds(options: ShellRunOptions) {
  const { stdoutMax = OUTPUT_BYTES_MAX, stderrMax = OUTPUT_BYTES_MAX } =
    options;
  return {
    stdoutMax: checkBytes("stdoutMax", stdoutMax),
    stderrMax: checkBytes("stderrMax", stderrMax),
  };
}
