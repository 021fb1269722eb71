import type { RunResult } from "../run_result.ts";
import type { Box } from "./box.ts";
import { Capture } from "./capture.ts";
import { feed, type ProgramInput } from "./program_input.ts";
import type { Program } from "./program.ts";
import { supervise } from "./supervise.ts";

/** A program to run to its end, checked, with every default filled in. */
export interface RunRequest
  extends Omit<Program, "onOutput" | "onStart" | "stdin"> {
  readonly input?: ProgramInput | undefined;
  readonly stdoutMax: number;
  readonly stderrMax: number;
}

/** Runs a program to its end, and keeps what it writes. */
export async function run(box: Box, request: RunRequest): Promise<RunResult> {
  const { input, stdoutMax, stderrMax, signal, ...program } = request;
  const kept = {
    stdout: new Capture(stdoutMax),
    stderr: new Capture(stderrMax),
  };
  const feeding = new InputFault(signal);
  const over = new AbortController();
  let isFed = false;
  try {
    const status = await supervise(box, {
      ...program,
      stdin: input !== undefined,
      signal: feeding.signal,
      onOutput: ({ name, bytes }) => kept[name].push(bytes),
      onStart: (exec) => {
        if (input === undefined) return;
        isFed = true;
        feed(exec, input, over.signal).catch((error) => feeding.fail(error));
      },
    });
    feeding.throwIfFailed();
    return {
      ...status,
      stdout: kept.stdout.bytes(),
      stderr: kept.stderr.bytes(),
      dropped: { stdout: kept.stdout.dropped, stderr: kept.stderr.dropped },
    };
  } finally {
    over.abort();
    feeding.dispose();
    // One that was never read is the caller's to hear of, too.
    if (!isFed && input instanceof ReadableStream) {
      input.cancel().catch(() => {});
    }
  }
}

/**
 * Ends a program when its input cannot be read to the end: it must not take the
 * part that came for the whole.
 */
class InputFault {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort(this.#outer?.reason);
  #fault: { readonly error: unknown } | undefined;

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted) this.#abort();
    else outer?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Aborted by the caller, or by a fault. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  fail(error: unknown): void {
    this.#fault ??= { error };
    this.#controller.abort(error);
  }

  throwIfFailed(): void {
    if (this.#fault !== undefined) throw this.#fault.error;
  }

  dispose(): void {
    this.#outer?.removeEventListener("abort", this.#abort);
  }
}
