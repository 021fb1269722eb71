import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** How many times a log is replayed at most. */
export const REPEAT_MAX = 10_000;

const DRIVERS: readonly string[] = ["auto", "ffi", "builtin"];

/** What the demo was asked to do. */
export interface Flags {
  /** The run log to replay. */
  readonly in: string;
  /** The folder in which each run makes one of its own. */
  readonly out: string;
  /** The address of a PostgreSQL server to keep the log on, in place of a file. */
  readonly sink: string | undefined;
  /** Which SQLite. */
  readonly driver: "auto" | "ffi" | "builtin";
  /** How many times to replay the log. */
  readonly repeat: number;
  /** Whether to launch a sandbox. */
  readonly sandbox: boolean;
  /** Whether to show the usage and do nothing else. */
  readonly help: boolean;
}

/** What the demo was asked to do cannot be understood. */
export class UsageError extends Error {}

/** The log that is replayed when none is named, wherever the demo is run. */
const SAMPLE: string = fileURLToPath(
  new URL(
    "../../tests/fixtures/predecessor/python-head.jsonl",
    import.meta.url,
  ),
);

/** What `--help` prints. */
export const USAGE =
  `Replays a run log into an encrypted, signed SQLite log with a JSONL copy beside
it, runs tool calls in a sandbox and records them there with what it tried to
reach, verifies both, then edits copies behind its back to show what is found.
With --sink, the log is a schema of its own on a PostgreSQL server, and stays there.

    deno task demo [flags]

    --in FILE        the run log, one event a line (default: a recorded sample)
    --out DIR        where to make a folder for this run (default: demo-out)
    --sink ADDRESS   postgres://user@host:5432/database, in place of SQLite
    --driver NAME    which SQLite: ${DRIVERS.join(", ")} (default: auto)
    --repeat N       replay the log N times, under fresh ids (default: 1)
    --no-sandbox     launch no sandbox, whether there is an engine or not
    --help           show this

The sandbox needs a container engine, where DOCKER_HOST says or at
/var/run/docker.sock, and a static busybox to make an image of. What it may reach
is a server of the demo's own: nothing leaves the machine. That takes an engine on
this machine, and a Deno with glibc, of which another image is made. Without, the
demo says what is missing, and goes on.

Exits with 0 if everything was as it should be, 1 if something was off or the
input is no run log, 2 if the flags are wrong, 130 after Ctrl-C.`;

/**
 * Reads the command line.
 *
 * @throws {UsageError} If a flag is unknown or its value makes no sense.
 */
export function parseFlags(args: readonly string[]): Flags {
  const values = parseStrictly(args);
  const { in: input, out, sink, driver, repeat, help } = values;
  if (!isDriver(driver)) {
    const names = DRIVERS.join(", ");
    throw new UsageError(`--driver: "${driver}" is not one of ${names}`);
  }
  const times = /^\d{1,9}$/.test(repeat) ? Number(repeat) : 0;
  if (times < 1 || times > REPEAT_MAX) {
    throw new UsageError(
      `--repeat: "${repeat}" is not a whole number from 1 to ${REPEAT_MAX}`,
    );
  }
  if (input === "") throw new UsageError("--in: the file name is empty");
  if (out === "") throw new UsageError("--out: the folder name is empty");
  // What is no address is not shown: it may have a password in it.
  if (sink !== undefined && !/^postgres(?:ql)?:\/\//.test(sink)) {
    throw new UsageError("--sink: the address begins with postgres://");
  }
  const sandbox = !values["no-sandbox"];
  return { in: input, out, sink, driver, repeat: times, sandbox, help };
}

function parseStrictly(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        in: { type: "string", default: relative(Deno.cwd(), SAMPLE) },
        out: { type: "string", default: "demo-out" },
        sink: { type: "string" },
        driver: { type: "string", default: "auto" },
        repeat: { type: "string", default: "1" },
        "no-sandbox": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw new UsageError(cause.message, { cause });
  }
}

function isDriver(name: string): name is Flags["driver"] {
  return DRIVERS.includes(name);
}
