import { BackendError, type BackendErrorCode } from "../backend_error.ts";
import { failureOf } from "./file_outcome.ts";
import { scriptArgv } from "./file_scripts.ts";
import type { RunStatus, SandboxProcess } from "../run_result.ts";
import type {
  FileOptions,
  FilesRunner,
  FilesSpawnOptions,
} from "../sandbox_files_options.ts";

/** How much a script may answer, unless more is expected. */
const ANSWER_BYTES = 64 * 1024;
/** How long it may take to clean up behind a call that failed. */
const CLEANUP_TIMEOUT_MS = 10_000;

/** What a script is given beside its arguments. */
export interface AskOptions {
  /** What it reads. */
  readonly stdin?: Uint8Array;
  /** How much it may answer. */
  readonly answerMax?: number;
  /** What it bounds itself, for the message. */
  readonly bound?: string;
}

/** A call on a sandbox's files: what it does, where, and what may end it. */
export class FileCall {
  readonly #runner: FilesRunner;
  readonly #what: string;
  readonly #limits: FilesSpawnOptions;

  /**
   * Begins a call.
   *
   * @param runner What runs programs in the sandbox.
   * @param what What the call does, as in "Cannot … in the sandbox".
   * @param options Time limit and cancellation.
   */
  constructor(
    runner: FilesRunner,
    what: string,
    { signal, timeoutMs }: FileOptions,
  ) {
    this.#runner = runner;
    this.#what = what;
    this.#limits = {
      ...(signal === undefined ? {} : { signal }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    };
  }

  /** Rejects with the signal's reason if the call is called off already. */
  throwIfAborted(): void {
    this.#limits.signal?.throwIfAborted();
  }

  /** An error of this call. */
  error(code: BackendErrorCode, why: string): BackendError {
    return new BackendError(
      code,
      `Cannot ${this.#what} in the sandbox: ${why}`,
    );
  }

  /** The error for what has more than it may have. */
  tooLarge(bound: string): BackendError {
    return this.error("file_too_large", `there is more than ${bound}`);
  }

  /**
   * Runs a script to its end.
   *
   * @param script The script.
   * @param args Its arguments.
   * @param options What it reads, and bounds.
   * @returns What it answers.
   */
  async ask(
    script: string,
    args: readonly string[],
    { stdin, answerMax = ANSWER_BYTES, bound }: AskOptions = {},
  ): Promise<Uint8Array> {
    this.throwIfAborted();
    const result = await this.#runner.run(scriptArgv(script, args), {
      ...this.#limits,
      ...(stdin === undefined ? {} : { stdin }),
      stdoutMax: answerMax,
    });
    this.expectSuccess(result, result.stderr, bound);
    if (result.dropped.stdout === 0 && result.stdout.length <= answerMax) {
      return result.stdout;
    }
    throw this.tooLarge(`${answerMax} bytes in the answer`);
  }

  /** Starts a script. */
  async start(
    script: string,
    args: readonly string[],
  ): Promise<SandboxProcess> {
    this.throwIfAborted();
    return await this.#runner.spawn(scriptArgv(script, args), this.#limits);
  }

  /**
   * Runs a script that cleans up behind this call, whatever has ended it. The
   * call's own error is the one to report: it matters more, and where this cannot
   * be done, it tells why.
   */
  async cleanUp(script: string, args: readonly string[]): Promise<void> {
    await this.#runner.run(scriptArgv(script, args), {
      timeoutMs: CLEANUP_TIMEOUT_MS,
    }).catch(() => {});
  }

  /**
   * Throws what is to be thrown for how a script ended.
   *
   * @param status How it ended.
   * @param said What it wrote to standard error.
   * @param bound What it bounds itself.
   */
  expectSuccess(status: RunStatus, said: Uint8Array, bound?: string): void {
    const { signal } = this.#limits;
    // The reason may be anything, as the caller likes.
    if (status.outcome === "aborted" && signal?.aborted) throw signal.reason;
    const failure = failureOf(status, said, bound);
    if (failure !== undefined) throw this.error(failure.code, failure.why);
  }
}
