import type { EgressReason } from "../../backends/egress_attempt.ts";
import { describeAttempt, describeAttempts } from "./attempts.ts";
import type { Place, Ran } from "./place.ts";
import type { Range, SandboxRange } from "./range.ts";
import { type Arrival, describeArrival } from "./witness.ts";

/** The number of a lesson about egress. */
export type Lesson = 36 | 37 | 38 | 39 | 40;

/** Something that must work where nothing is in the way, and must not in a sandbox. */
export interface Attack {
  readonly name: string;
  /** The lesson that it is for. */
  readonly lesson?: Lesson;
  /** From which sandbox it is tried. */
  readonly from: "a" | "b";
  /**
   * Tries it where nothing is in the way; undefined for what has no such place.
   *
   * @throws {Error} If it does not work there: then that it fails elsewhere means
   * nothing.
   */
  readonly control: ((range: Range) => Promise<void>) | undefined;
  /**
   * Tries it in the sandbox.
   *
   * @returns What the record says of it.
   * @throws {Error} If it works there, or leaves another record than it should.
   */
  readonly sandbox: (range: SandboxRange) => Promise<string>;
}

/** An attack that is a command, in either place. */
export interface CommandAttack {
  readonly name: string;
  readonly lesson?: Lesson;
  readonly from?: "a" | "b";
  /** Tries it; the token is to be in whatever is sent. */
  readonly run: (place: Place, token: string, range: Range) => Promise<Ran>;
  /** Whether what came in shows that it has worked. */
  readonly reaches: (arrivals: readonly Arrival[], token: string) => boolean;
  /**
   * What may come in all the same.
   * @default {nothing}
   */
  readonly mayArrive?: (arrival: Arrival, token: string) => boolean;
  /**
   * What the record must say: a reason for each attempt that the proxy sees, each
   * of which may be one of several.
   * @default {nothing: it never reaches the proxy}
   */
  readonly record?: readonly (readonly EgressReason[])[];
  /** What else must hold of how it ended in the sandbox, and of what came in. */
  readonly check?: (ran: Ran, arrivals: readonly Arrival[]) => void;
}

/** Makes an attack of a command. */
export function commandAttack(command: CommandAttack): Attack {
  const { name, lesson, from = "a", run, reaches } = command;
  return {
    name,
    ...(lesson !== undefined && { lesson }),
    from,
    control: async (range) => {
      const token = newToken("control");
      const { result, arrivals } = await range.witness.during(() =>
        run(range.control, token, range)
      );
      if (reaches(arrivals, token)) return;
      throw new Error(
        `it does not get through: ${describeRan(result)}; ${
          describeArrivals(arrivals)
        }`,
      );
    },
    sandbox: async (range) => {
      const token = newToken("sandbox");
      const before = range.attempts.count;
      const { result, arrivals } = await range.witness.during(() =>
        run(range[from], token, range)
      );
      checkArrivals(command, arrivals, token, result);
      command.check?.(result, arrivals);
      return await checkRecord(command, range, before);
    },
  };
}

function checkArrivals(
  { reaches, mayArrive = () => false }: CommandAttack,
  arrivals: readonly Arrival[],
  token: string,
  ran: Ran,
): void {
  const unwanted = arrivals.filter((arrival) => !mayArrive(arrival, token));
  if (unwanted.length === 0 && !reaches(arrivals, token)) return;
  throw new Error(
    `it got out: ${describeArrivals(unwanted)}; ${describeRan(ran)}`,
  );
}

async function checkRecord(
  { record = [], mayArrive }: CommandAttack,
  { attempts }: SandboxRange,
  before: number,
): Promise<string> {
  await attempts.come(before, (found) => found.length >= record.length);
  const found = attempts.since(before);
  const said = describeAttempts(found);
  const isAsExpected = found.length === record.length &&
    record.every((reasons, i) => reasons.includes(found[i]!.reason));
  const wanted = record.map((reasons) => reasons.join(" or ")).join(", ");
  if (!isAsExpected) {
    throw new Error(`the record says ${said}, and not ${wanted || "nothing"}`);
  }
  const allowed = found.find((attempt) => attempt.allowed);
  if (allowed !== undefined && mayArrive === undefined) {
    throw new Error(`the record calls it allowed: ${describeAttempt(allowed)}`);
  }
  return said;
}

/** Text that occurs nowhere else, and may be part of a host's name. */
export function newToken(where: Place["kind"]): string {
  return `${where}-${crypto.randomUUID().slice(0, 13)}`;
}

/** What came in, in a line. */
export function describeArrivals(arrivals: readonly Arrival[]): string {
  const shown = arrivals.slice(0, 5).map(describeArrival).join(", ");
  return shown === ""
    ? "nothing came in"
    : `${arrivals.length} came in (${shown})`;
}

/** How a command ended, in a line. */
export function describeRan({ code, output }: Ran): string {
  const said = output.trim().slice(-300).replaceAll("\n", "\\n");
  return `the command exited with ${code}, saying "${said}"`;
}
