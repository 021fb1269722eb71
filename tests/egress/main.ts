/**
 * `deno task egress:check`: tries to get out of sandboxes with scoped egress on the
 * engine of this machine, by each attack of the list, and prints a table of what
 * held. Needs root, Linux and a few programs of Debian's.
 *
 * Nothing is sent to an address outside of this machine: the outside world is made
 * for it, in network namespaces that lead nowhere. Each attack is first shown to
 * work in one of them that is wired to that world.
 *
 *     deno task egress:check [--json] [--control] [--only=TEXT] [--forwarder=IMAGE]
 *
 * With `--json`, each row is a line of JSON; with `--control`, no sandbox is made;
 * with `--only`, attacks are those with TEXT in their names; with `--forwarder`,
 * forwarders are of an image that is there, and none is made.
 *
 * Exits with 1 if anything failed, and with 2 if it could not be run.
 *
 * @module
 */
import { BackendError } from "../../backends/backend_error.ts";
import { makeCertificates } from "./certificates.ts";
import { CannotRun } from "./engine.ts";
import { type InsideOptions, ownNetwork, runInside } from "./inside.ts";
import { LineProcess } from "./line_process.ts";
import { isThere, makeFolder, Namespaces } from "./namespaces.ts";
import { missing } from "./preflight.ts";
import type { Row } from "./rows.ts";
import { Table } from "./table.ts";

const NOT_RUN = 2;
const INTERRUPTED = 130;

/** What the part in the namespace tells, in lines of JSON. */
type Told =
  | { readonly begin: readonly string[] }
  | { readonly row: Row }
  | { readonly problem: string };

async function main(args: readonly string[]): Promise<number> {
  const why = await missing();
  if (why !== undefined) {
    console.error(`The egress check needs ${why}`);
    return NOT_RUN;
  }
  await using namespaces = await Namespaces.make();
  const folder = await makeFolder();
  try {
    const { names, hasIPv6 } = namespaces;
    const forwarderImage = valueOf(args, "--forwarder");
    const options: InsideOptions = {
      names,
      hasIPv6,
      hasMachineSockets: await isThere("/dev/vsock"),
      certificates: await makeCertificates(folder),
      folder,
      controlOnly: args.includes("--control"),
      only: valueOf(args, "--only") ?? "",
      outside: await ownNetwork(),
      ...(forwarderImage !== undefined && { forwarderImage }),
    };
    return await runOutside(options, args.includes("--json"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What stands behind `--name=`. */
function valueOf(args: readonly string[], name: string): string | undefined {
  return args.find((arg) => arg.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

/** Runs this program again in the host's namespace, and shows what it tells. */
async function runOutside(
  options: InsideOptions,
  isJson: boolean,
): Promise<number> {
  let held = 0, failed = 0;
  let problem: string | undefined;
  let table: Table | undefined;
  const show = (line: string) => {
    const told: Told = JSON.parse(line);
    if ("begin" in told) {
      if (!isJson) table = new Table(told.begin);
    } else if ("problem" in told) {
      problem = told.problem;
    } else {
      if (told.row.held) held++;
      else failed++;
      if (isJson) console.log(JSON.stringify(told.row));
      table?.add(told.row);
    }
  };
  const program = new URL(import.meta.url).pathname;
  const inside = new LineProcess("ip", [
    ...["netns", "exec", options.names.host, Deno.execPath(), "run"],
    ...["--no-prompt", "--unstable-net", "-A", program],
    ...["--inside", JSON.stringify(options)],
  ], show);
  let isInterrupted = false;
  const interrupt = () => {
    isInterrupted = true;
    // The end of its input is the end of it.
    inside[Symbol.asyncDispose]();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, interrupt);
  try {
    const code = await inside.ended;
    await inside[Symbol.asyncDispose]();
    if (isInterrupted) return INTERRUPTED;
    if (problem !== undefined || code !== 0) {
      console.error(
        `The egress check was not run to its end: ${
          problem ?? `its part in the namespace ended with ${code}`
        }`,
      );
      return NOT_RUN;
    }
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, interrupt);
  }
  if (!isJson) console.log(`\n${held} held, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

/** The part in the namespace. */
async function mainInside(options: InsideOptions): Promise<number> {
  const tell = (told: Told) => console.log(JSON.stringify(told));
  endWithInput();
  try {
    await runInside(options, {
      begin: (names) => tell({ begin: names }),
      row: (row) => tell({ row }),
    });
    return 0;
  } catch (error) {
    tell({ problem: describe(error) });
    return NOT_RUN;
  }
}

/** What went wrong: where, too, unless that is for whoever runs this to mend. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isPlain = error instanceof BackendError || error instanceof CannotRun;
  return isPlain ? error.message : error.stack ?? error.message;
}

/** Ends with whoever started this; sandboxes end with this process. */
async function endWithInput(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
  Deno.exit(INTERRUPTED);
}

if (import.meta.main) {
  const [first, second = ""] = Deno.args;
  Deno.exit(
    first === "--inside"
      ? await mainInside(JSON.parse(second))
      : await main(Deno.args),
  );
}
