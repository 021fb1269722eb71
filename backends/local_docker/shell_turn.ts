import type { RunResult } from "../run_result.ts";
import { Capture } from "./capture.ts";
import { EndMark } from "./end_mark.ts";
import type { Output, OutputName } from "./frames.ts";

/** A command that a shell has been given, while its output comes in. */
export class ShellTurn {
  /** Stands on both outputs behind those of the command. */
  readonly mark = `zu-${crypto.randomUUID()}`;
  readonly #kept: Readonly<Record<OutputName, Capture>>;
  readonly #marks: Readonly<Record<OutputName, EndMark>>;
  readonly #found: Record<OutputName, string | undefined> = {
    stdout: undefined,
    stderr: undefined,
  };
  readonly #finished: PromiseWithResolvers<number> = Promise.withResolvers();

  /** Keeps so many bytes of each output. */
  constructor(stdoutMax: number, stderrMax: number) {
    const stdout = new Capture(stdoutMax);
    const stderr = new Capture(stderrMax);
    this.#kept = { stdout, stderr };
    this.#marks = {
      stdout: new EndMark(this.mark, (bytes) => stdout.push(bytes)),
      stderr: new EndMark(this.mark, (bytes) => stderr.push(bytes)),
    };
    // Whoever ends the command early does not wait for its end.
    this.#finished.promise.catch(() => {});
  }

  /** Resolves with the exit code when the command has ended on both outputs. */
  get finished(): Promise<number> {
    return this.#finished.promise;
  }

  /** Takes what the shell writes. */
  take({ name, bytes }: Output): void {
    // What comes behind the mark is some other process's.
    if (this.#found[name] !== undefined) return;
    this.#found[name] = this.#marks[name].push(bytes);
    const { stdout, stderr } = this.#found;
    if (stdout !== undefined && stderr !== undefined) {
      this.#finished.resolve(Number(stdout));
    }
  }

  /** Says that the command will not be seen to end. */
  fail(reason: unknown): void {
    this.#finished.reject(reason);
  }

  /** What the command has written until now. */
  output(): Pick<RunResult, "stdout" | "stderr" | "dropped"> {
    for (const name of ["stdout", "stderr"] as const) {
      if (this.#found[name] === undefined) this.#marks[name].flush();
    }
    const { stdout, stderr } = this.#kept;
    return {
      stdout: stdout.bytes(),
      stderr: stderr.bytes(),
      dropped: { stdout: stdout.dropped, stderr: stderr.dropped },
    };
  }
}
