// faulty_program.ts, as the tests see it.
import { assertEquals } from "@std/assert";
import { programCommand } from "../crash/_child.ts";
import { type Acknowledged, Ledger } from "../crash/_ledger.ts";
import { openLog, type Variant } from "./_logs.ts";
import { within } from "./_trial.ts";

/** What the process is to do. */
export interface Plan {
  /** How many rounds of appends. */
  readonly rounds: number;
  /** How long a JSONL log grows before it is rotated. */
  readonly maxBytes: number;
  /** How often that is tried again which a fault has kept from being done. */
  readonly attemptsMax: number;
  /** Whether it takes the permissions of the log's folder from itself meanwhile. */
  readonly isLockedOut?: boolean;
}

/** An error that the process was told. */
export interface Told {
  /** What it was doing. */
  readonly doing: "open" | "append" | "read" | "close";
  /** The error's code; `none` where it has none. */
  readonly code: string;
  /** The error's message. */
  readonly message: string;
}

/** What became of it. */
interface Outcome {
  readonly told: readonly Told[];
  readonly acknowledged: readonly Acknowledged[];
  readonly left: readonly string[];
}

const PLAN: Plan = { rounds: 12, maxBytes: 20_000, attemptsMax: 20 };

/**
 * Has a process live through a fault that a tracer or another user brings, and
 * ends by itself: nothing that it has started is left. All that it acknowledged
 * is in the log then, once, and rightly chained.
 *
 * @param path The log.
 * @param variant How it is kept.
 * @param under The command that brings the fault, and its arguments.
 * @param plan How much it appends.
 * @returns What it was told.
 */
export async function liveThrough(
  path: string,
  variant: Variant,
  under: readonly string[],
  { after, ...plan }: Partial<Plan> & {
    /** Ends the fault, before the log is looked at. */
    readonly after?: () => Promise<void>;
  } = {},
): Promise<readonly Told[]> {
  const program = programCommand("../faults/faulty_program.ts", [
    path,
    JSON.stringify(variant),
    JSON.stringify({ ...PLAN, ...plan }),
  ]);
  const args = program.args.map((arg) =>
    // It counts its own descriptors, which Deno shows to whom it shows all.
    arg === "-RWE" ? "--allow-run=find" : arg
  );
  const [command, ...rest] = [
    ...under,
    program.command,
    ...args.toSpliced(1, 0, "-RWE"),
  ];
  const child = new Deno.Command(command!, {
    args: rest,
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await within("the process", child.output());
  await after?.();
  const decoder = new TextDecoder();
  assertEquals(code, 0, decoder.decode(stderr));
  const outcome = JSON.parse(decoder.decode(stdout)) as Outcome;
  assertEquals(outcome.left, [], "no descriptor is left");
  const ledger = new Ledger();
  ledger.add(outcome.acknowledged);
  await using sink = await openLog(path, variant);
  const isAtomic = sink.supports.atomicAppendAll;
  const { events } = await ledger.check(sink, { isAtomic });
  assertEquals(events, ledger.size);
  return outcome.told;
}
