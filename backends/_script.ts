import { BackendError } from "./backend_error.ts";
import type { SessionCommand, SessionReply } from "./session_backend.ts";
import type { Observation, ToolCall } from "./tool_call.ts";

/** How a recorded step ends, if not with an answer, and how often it is taken. */
export interface ScriptedEnd {
  /** What it throws in place of returning. */
  readonly error?: Error;
  /**
   * Whether it never ends by itself, but by its time limit, by its signal or with
   * its sandbox or session.
   * @default {false}
   */
  readonly pending?: boolean;
  /**
   * How often it is taken; may be `Infinity`.
   * @default {1}
   */
  readonly times?: number;
}

/** A call that was recorded, and what came of it. */
export interface ScriptedStep extends ScriptedEnd {
  /** The call that must come; any call will do when it is left out. */
  readonly call?: ToolCall;
  /** What it returns, unless it throws or is pending. */
  readonly observation?: Observation;
}

/** A command to a session that was recorded, and what its server replied. */
export interface ScriptedExchange extends ScriptedEnd {
  /** The command that must come, without an `id`; if left out, any will do. */
  readonly command?: SessionCommand;
  /** What is replied, unless it throws or is pending. */
  readonly reply?: SessionReply;
}

/** A step of any script: what is asked, and what is answered. */
export interface ScriptStep<Answer> extends ScriptedEnd {
  /** What must be asked, if it matters. */
  readonly asked?: unknown;
  /** What is answered, unless it throws or is pending. */
  readonly answer?: Answer | undefined;
}

/** What a step that was taken stands for; neither one is given while it hangs. */
export type Taken<Answer> = Pick<ScriptStep<Answer>, "answer" | "error">;

/** Steps to be taken by what is asked. */
export class Script<Answer> {
  readonly #steps: readonly ScriptStep<Answer>[];
  readonly #texts: readonly (string | undefined)[];
  readonly #taken: number[];
  readonly #anyOrder: boolean;

  /**
   * Copies the steps.
   *
   * @param steps The steps, in order.
   * @param anyOrder Whether any step that fits is taken, in place of the next.
   * @throws {TypeError} If a step has no end, or is pending and has one.
   * @throws {RangeError} If `times` is no count.
   */
  constructor(steps: Iterable<ScriptStep<Answer>>, anyOrder: boolean) {
    this.#steps = Array.from(steps, copyStep);
    this.#texts = this.#steps.map(({ asked }) =>
      asked === undefined ? undefined : sortedText(asked)
    );
    this.#taken = this.#steps.map(() => 0);
    this.#anyOrder = anyOrder;
  }

  /** How many steps are to be taken; one without end counts until it was once. */
  get stepsLeft(): number {
    return this.#steps.filter(({ times = 1 }, i) =>
      this.#taken[i]! < (times === Infinity ? 1 : times)
    ).length;
  }

  /** The same steps, none of them taken. */
  again(): Script<Answer> {
    return new Script(this.#steps, this.#anyOrder);
  }

  /**
   * Takes the step for what is asked.
   *
   * @param asked What is asked: JSON.
   * @returns What comes of it, as a copy.
   * @throws {BackendError} `script_mismatch`. Then no step is taken.
   */
  take(asked: unknown): Taken<Answer> {
    const text = sortedText(asked);
    const place = this.#find(text);
    this.#taken[place]!++;
    const { answer, error } = this.#steps[place]!;
    if (error !== undefined) return { error };
    return answer === undefined ? {} : { answer: structuredClone(answer) };
  }

  #find(text: string): number {
    const isLeft = (i: number) =>
      this.#taken[i]! < (this.#steps[i]!.times ?? 1);
    const fits = (i: number) => (this.#texts[i] ?? text) === text;
    const left = this.#steps.flatMap((_, i) => isLeft(i) ? [i] : []);
    const place = this.#anyOrder ? left.find(fits) : left[0];
    if (place !== undefined && fits(place)) return place;
    const found = left[0] === undefined
      ? `the script ended after ${this.#steps.length} steps`
      : this.#anyOrder
      ? `none of the ${left.length} steps that are left is for it`
      : `step ${left[0] + 1} of the script expects ${this.#texts[left[0]]}`;
    throw new BackendError(
      "script_mismatch",
      `Cannot run ${text}: ${found}. Record the run again`,
    );
  }
}

function copyStep<Answer>(
  step: ScriptStep<Answer>,
  i: number,
): ScriptStep<Answer> {
  const { asked, answer, error, pending = false, times = 1 } = step;
  const ends = answer !== undefined || error !== undefined;
  if (ends === pending) {
    throw new TypeError(
      `Step ${i + 1} of the script has ${
        ends ? "both" : "neither"
      } an answer ` +
        `or error ${ends ? "and" : "nor"} \`pending: true\``,
    );
  }
  if (times !== Infinity && !(Number.isSafeInteger(times) && times > 0)) {
    throw new RangeError(
      `Step ${
        i + 1
      } of the script: times: ${times} is neither a count from 1 ` +
        "nor Infinity",
    );
  }
  return {
    pending,
    times,
    ...(asked === undefined ? {} : { asked: structuredClone(asked) }),
    ...(answer === undefined ? {} : { answer: structuredClone(answer) }),
    // An error is thrown as it is, since a clone would lose its class.
    ...(error === undefined ? {} : { error }),
  };
}

/** JSON with keys in order, so that equal values have equal texts. */
export function sortedText(value: unknown): string {
  return JSON.stringify(value, (_, member) => {
    if (typeof member !== "object" || member === null) return member;
    if (Array.isArray(member)) return member;
    const keys = Object.keys(member).sort();
    return Object.fromEntries(keys.map((key) => [key, member[key]]));
  });
}
