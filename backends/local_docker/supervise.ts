import { BackendError } from "../backend_error.ts";
import type { RunOutcome, RunStatus } from "../run_result.ts";
import type { Box } from "./box.ts";
import { delay } from "./delay.ts";
import { type Ended, endProcesses, SANDBOX_KILLED } from "./end_processes.ts";
import { type ExecState, ExecStream } from "./exec_stream.ts";
import { KILLED, signalOf } from "./exit_code.ts";
import type { Output } from "./frames.ts";
import { ranOutOfMemory } from "./out_of_memory.ts";
import { type ProcessTag, taggedArgv } from "./process_tag.ts";
import type { Program } from "./program.ts";
import { stillRuns } from "./still_runs.ts";
import { type Stop, untilStopped } from "./stop.ts";

/** How long nothing is written before a look whether the program has ended. */
const QUIET_FIRST_MS = 200;
const QUIET_MAX_MS = 1_000;
/** How long the output of a program that has ended may still be on its way. */
const DRAIN_MS = 100;
/** How long others may write once the program has ended. */
const OTHERS_MS = 1_000;
/** How long the rest of an output that has begun to come may take. */
const STUCK_MS = 5_000;
const EXIT_POLL_MS = 5;
/** How long a start that is under way when it is called off may still take. */
const START_TIMEOUT_MS = 3_000;
const FIRST_BYTES_MAX = 1_000;

/**
 * Runs a program to its end, or ends it, and says which.
 *
 * @throws {BackendError} `sandbox_gone` if the sandbox was gone before it was
 * started, else `engine_failed` or `engine_unavailable`; whatever it had started
 * is ended then, if need be with the sandbox.
 */
export async function supervise(
  box: Box,
  program: Program,
): Promise<RunStatus> {
  box.assertAlive(`run "${program.argv[0]}"`);
  return await new Supervision(box, program).run();
}

class Supervision {
  readonly #box: Box;
  readonly #program: Program;
  readonly #tag: ProcessTag;
  readonly #startedMs = performance.now();
  readonly #startedAt = Date.now();
  /** Aborted when the program's fate is known, to end whatever waits. */
  readonly #settled = new AbortController();
  #lastOutputMs = performance.now();
  #isTaking = false;
  #isStopping = false;
  /** Ends the wait for the one who takes the output, while there is one. */
  #stopTaking: (() => void) | undefined;
  #isDropping = false;
  /** Whether the one who takes the output may hold it up. */
  #isSlow = false;
  /** The beginning of what came first: the engine's words if it could not start. */
  #firstOutput: Uint8Array | undefined;

  constructor(box: Box, program: Program) {
    this.#box = box;
    this.#program = program;
    this.#tag = box.nextTag();
  }

  async run(): Promise<RunStatus> {
    if (this.#program.signal?.aborted) return this.#status("aborted", null);
    const { timeoutMs, signal } = this.#program;
    const stop = untilStopped(this.#box, {
      timeoutMs,
      signals: [signal],
      over: this.#settled.signal,
    });
    try {
      return await this.#runUntil(stop);
    } finally {
      this.#settled.abort();
    }
  }

  async #runUntil(stop: Promise<Stop>): Promise<RunStatus> {
    const { argv, user, env, workdir, stdin, onStart } = this.#program;
    const { shell, id } = this.#box.facts;
    const starting = ExecStream.start(this.#box.engine, id, {
      argv: shell === undefined ? argv : taggedArgv(argv, this.#tag, shell),
      user,
      env,
      workdir,
      stdin,
    });
    const first = await Promise.race([starting, stop])
      .catch((error) => this.#notBegun(error));
    if (typeof first === "string") return await this.#callOff(starting, first);
    const exec = first;
    try {
      onStart?.(exec);
      return await this.#follow(exec, stop);
    } finally {
      exec.disconnect();
    }
  }

  /** Tells a sandbox that is gone from one that is paused, say. */
  async #notBegun(error: unknown): Promise<never> {
    const isGone = error instanceof BackendError &&
      error.code === "sandbox_gone" && !await this.#box.isRunning();
    if (isGone) {
      this.#box.markEnded();
      throw this.#box.goneError(`run "${this.#program.argv[0]}"`, error);
    }
    if (error instanceof BackendError && error.code === "sandbox_gone") {
      throw new BackendError("engine_failed", error.message, { cause: error });
    }
    if (error instanceof BackendError && error.code === "start_failed") {
      throw error;
    }
    // Whether the engine has started it before it broke off, nobody can tell.
    await this.#end("aborted", undefined).catch(() => {});
    throw error;
  }

  /** Ends a program that may or may not have been started. */
  async #callOff(
    starting: Promise<ExecStream>,
    why: Stop,
  ): Promise<RunStatus> {
    const late = delay(START_TIMEOUT_MS, this.#settled.signal);
    const settled = starting.then(
      (exec) => exec,
      () => undefined,
    );
    const exec = await Promise.race([
      settled,
      late.then(() => "late" as const),
    ]);
    if (exec === "late") {
      // Nobody can tell what it will start, and when.
      settled.then((exec) => exec?.disconnect());
      await this.#box.remove("the engine did not start a program in time");
      return this.#status(why, null, SANDBOX_KILLED);
    }
    try {
      return this.#status(why, null, await this.#end(why, exec));
    } finally {
      exec?.disconnect();
    }
  }

  async #follow(exec: ExecStream, stop: Promise<Stop>): Promise<RunStatus> {
    const pumping = this.#pump(exec);
    // It breaks off when the connection is closed, and by then nobody may wait.
    pumping.catch(() => {});
    let turn: Stop | "end" | ExecState;
    try {
      turn = await Promise.race([pumping, this.#watchExit(exec), stop]);
      // What closes its streams and stays is waited for.
      if (turn === "end") {
        turn = await Promise.race([this.#waitForExit(exec), stop]);
      }
    } catch (error) {
      return await this.#afterFault(exec, error);
    }
    if (typeof turn !== "string") return await this.#afterExit(turn);
    const ended = await this.#end(turn, exec);
    // What it wrote until now is still on its way to those who read.
    await Promise.race([
      pumping.catch(() => {}),
      delay(DRAIN_MS, this.#settled.signal),
    ]);
    if (turn === "sandbox_gone") return await this.#afterSandbox();
    return this.#status(turn, null, ended);
  }

  /** Passes on what the program writes. */
  async #pump(exec: ExecStream): Promise<"end"> {
    for await (const output of exec.output()) {
      this.#firstOutput ??= output.bytes.slice(0, FIRST_BYTES_MAX);
      await this.#pass(output);
    }
    return "end";
  }

  async #pass(output: Output): Promise<void> {
    if (this.#isDropping) return;
    this.#isTaking = true;
    const taken = this.#program.onOutput(output);
    if (taken !== undefined) {
      this.#isSlow = true;
      await this.#takenOrStopped(taken);
      // To the engine, a program has not ended before its output was read: by
      // whoever takes it, or by nobody.
      this.#isDropping = this.#isStopping;
    }
    this.#isTaking = false;
    this.#lastOutputMs = performance.now();
  }

  /** Not a race: what never ends would keep something of each one that it was in. */
  async #takenOrStopped(taken: Promise<void>): Promise<void> {
    if (this.#isStopping) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#stopTaking = resolve;
    taken.then(resolve, reject);
    await promise;
  }

  /** Waits until the program has ended, though others may hold its streams. */
  async #watchExit(exec: ExecStream): Promise<ExecState> {
    const { signal } = this.#settled;
    let endedMs: number | undefined;
    for (let waitMs = QUIET_FIRST_MS;; waitMs = slower(waitMs)) {
      if (!await delay(waitMs, signal)) return await never();
      // What is held up by whoever takes it may all be the program's own.
      if (this.#isTaking) continue;
      const state = await exec.state();
      if (state.running) continue;
      endedMs ??= performance.now();
      if (!await delay(DRAIN_MS, signal)) return await never();
      if (this.#isTaking) continue;
      if (this.#sinceOutput() >= DRAIN_MS) {
        if (exec.isWhole) return state;
        // Part of its output is on its way, and may have got stuck there.
        if (this.#sinceOutput() > STUCK_MS) throw stuck();
      } else if (performance.now() - endedMs > OTHERS_MS && !this.#isSlow) {
        // By now, it is others that write, and they may do so for ever.
        return state;
      }
    }
  }

  #sinceOutput(): number {
    return performance.now() - this.#lastOutputMs;
  }

  async #waitForExit(exec: ExecStream): Promise<ExecState> {
    for (let pollMs = EXIT_POLL_MS;; pollMs = slower(pollMs)) {
      const state = await exec.state();
      if (!state.running) return state;
      if (!await delay(pollMs, this.#settled.signal)) return await never();
    }
  }

  async #afterExit(state: ExecState): Promise<RunStatus> {
    const { exitCode, hasStarted } = state;
    if (!hasStarted && this.#box.facts.shell !== undefined) {
      // In a sandbox that is just ending, nothing can be started.
      if (!await stillRuns(this.#box)) return await this.#afterSandbox();
      throw this.#notStarted();
    }
    if (exitCode !== null && exitCode !== KILLED) {
      return this.#status("exited", exitCode);
    }
    // First what takes a moment: the engine's word lags behind a container's end.
    const oom = await ranOutOfMemory(this.#box, this.#startedAt);
    if (!await stillRuns(this.#box)) return await this.#afterSandbox();
    return this.#status(oom ? "oom" : "exited", exitCode);
  }

  /** The program ended with its sandbox. */
  async #afterSandbox(): Promise<RunStatus> {
    this.#box.markEnded();
    const oom = this.#box.hasEndedByItself &&
      await ranOutOfMemory(this.#box, this.#startedAt);
    return this.#status(oom ? "oom" : "sandbox_gone", null, SANDBOX_KILLED);
  }

  /** There is a shell, so that it is the user, the folder or the limits. */
  #notStarted(): BackendError {
    const found = new TextDecoder().decode(this.#firstOutput).trim();
    return new BackendError(
      "start_failed",
      `Cannot start "${this.#program.argv[0]}" in the sandbox: ${
        found || "the engine does not say why"
      }. Check its user and its working folder`,
    );
  }

  /** Tells a sandbox that is gone from an engine that fails. */
  async #afterFault(exec: ExecStream, error: unknown): Promise<RunStatus> {
    if (!(error instanceof BackendError)) {
      // The one who takes the output threw: it is theirs to hear of.
      await this.#end("aborted", exec);
      throw error;
    }
    let isRunning: boolean;
    try {
      isRunning = await this.#box.isRunning();
    } catch {
      // The first error says more than this one.
      throw error;
    }
    if (!isRunning) return await this.#afterSandbox();
    await this.#end("aborted", exec);
    throw error;
  }

  async #end(why: Stop, exec: ExecStream | undefined): Promise<Ended> {
    this.#isStopping = true;
    this.#stopTaking?.();
    if (why === "sandbox_gone" || this.#box.gone.aborted) return SANDBOX_KILLED;
    return await endProcesses(this.#box, {
      tag: this.#tag,
      user: this.#program.user,
      isRunning: async () => exec !== undefined && (await exec.state()).running,
    });
  }

  #status(
    outcome: RunOutcome,
    exitCode: number | null,
    ended?: Ended,
  ): RunStatus {
    return {
      outcome,
      exitCode,
      signal: signalOf(exitCode),
      cleanup: ended?.cleanup ?? "none",
      survivors: ended?.survivors ?? 0,
      durationMs: performance.now() - this.#startedMs,
    };
  }
}

function stuck(): BackendError {
  return new BackendError(
    "engine_failed",
    "Cannot read a program's output to its end: the program has ended, and the " +
      "engine keeps the rest",
  );
}

/**
 * What waits after all is settled is waited for by nobody. One promise for all
 * would keep whatever has ever waited for it, with what that was to write.
 */
function never(): Promise<never> {
  return new Promise(() => {});
}

function slower(ms: number): number {
  return Math.min(QUIET_MAX_MS, ms * 1.5);
}
