import { EngineError } from "./engine_error.ts";

const NUMBERS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ABRT: 6,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  TERM: 15,
};

/** A signal, by its name and its number. */
export interface Signal {
  /** Such as `SIGTERM`. */
  readonly name: string;
  /** Such as 15. */
  readonly number: number;
}

/**
 * A signal as the engine takes it: `SIGTERM`, `TERM` or `15`.
 *
 * @throws {EngineError} If there is no such signal, as 20.10 answers.
 */
export function signalOf(text: string): Signal {
  const short = text.toUpperCase().replace(/^SIG/, "");
  for (const [name, number] of Object.entries(NUMBERS)) {
    if (short === name || short === String(number)) {
      return { name: `SIG${name}`, number };
    }
  }
  throw new EngineError(400, `Invalid signal: ${text}`);
}
