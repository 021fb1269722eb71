import { type Attack, describeArrivals, type Lesson } from "./attack.ts";
import { AT } from "./plan.ts";
import type { Range, SandboxRange } from "./range.ts";
import type { Arrival } from "./witness.ts";

/** How long an attack may take in one place, in milliseconds. */
const PATIENCE_MS = 60_000;

/** What became of an attack in one place. */
export interface Outcome {
  readonly ok: boolean;
  /** Why not, or what there is to say. */
  readonly note: string;
}

/** What became of an attack. */
export interface Row {
  readonly name: string;
  readonly lesson: Lesson | null;
  /** Whether it works where nothing is in the way; null where there is none. */
  readonly control: Outcome | null;
  /** Whether it fails in the sandbox; null if it was not tried there. */
  readonly sandbox: Outcome | null;
  /** What the record says of it. */
  readonly record: string;
  readonly held: boolean;
  readonly durationMs: number;
}

/** Tries an attack, first where it must work, and then where it must not. */
export async function tryAttack(
  attack: Attack,
  range: Range,
  sandboxes: SandboxRange | undefined,
): Promise<Row> {
  const started = performance.now();
  const control = attack.control === undefined
    ? null
    : await outcomeOf(async () => {
      await attack.control!(range);
      return "";
    });
  const sandbox = sandboxes === undefined ? null : await outcomeOf(async () => {
    // Whatever would get out would leave the machine if there were a way.
    await look(attack, sandboxes);
    return await attack.sandbox(sandboxes);
  });
  return {
    name: attack.name,
    lesson: attack.lesson ?? null,
    control,
    sandbox,
    record: sandbox?.ok ? sandbox.note : "",
    held: (control?.ok ?? true) && (sandbox?.ok ?? true),
    durationMs: Math.round(performance.now() - started),
  };
}

/** Looks at the sandbox, and whether the attack before has come in late. */
async function look(attack: Attack, range: SandboxRange): Promise<void> {
  const { attempts, witness } = range;
  const place = range[attack.from];
  const before = attempts.count;
  const { arrivals } = await witness.during(() => place.look());
  const late = arrivals.filter((arrival) =>
    !place.isOfLook(arrival) && !isOfControl(arrival)
  );
  if (late.length > 0) {
    throw new Error(`before it was tried, ${describeArrivals(late)}`);
  }
  if (await attempts.come(before, ({ length }) => length >= 1)) return;
  throw new Error("a request to the allowed host has left no record");
}

/** Whether something came from where everything may. */
function isOfControl({ peer, text }: Arrival): boolean {
  return text.includes("control-") ||
    [AT.control, AT.control6].some((address) => peer.startsWith(`${address}:`));
}

async function outcomeOf(attempt: () => Promise<string>): Promise<Outcome> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it went on for ${PATIENCE_MS} ms`)),
      PATIENCE_MS,
    );
  });
  try {
    return { ok: true, note: await Promise.race([attempt(), late]) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { ok: false, note: error.message };
  } finally {
    clearTimeout(timer);
  }
}
