import { BackendError } from "../backend_error.ts";
import type { RunOutcome, RunResult } from "../run_result.ts";
import type { SandboxShell } from "../sandbox_shell.ts";
import { SerialQueue } from "../_serial_queue.ts";
import type { Box } from "./box.ts";
import { delay } from "./delay.ts";
import { type Ended, endProcesses, SANDBOX_KILLED } from "./end_processes.ts";
import { ExecStream } from "./exec_stream.ts";
import { KILLED, signalOf } from "./exit_code.ts";
import { ranOutOfMemory } from "./out_of_memory.ts";
import { type ProcessTag, taggedArgv } from "./process_tag.ts";
import { commandScript } from "./shell_script.ts";
import { ShellTurn } from "./shell_turn.ts";
import { stillRuns } from "./still_runs.ts";
import { type Stop, untilStopped } from "./stop.ts";

/** How many commands may wait for their turn. */
const WAITING_MAX = 1_000;
/** How long a shell may take to be in step again once its command was killed. */
const RESYNC_MS = 1_000;
const STARTUP_TIMEOUT_MS = 10_000;

/** A command of a shell, checked, with every default filled in. */
export interface ShellRequest {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly stdoutMax: number;
  readonly stderrMax: number;
}

/** How a shell is to be opened, checked. */
export interface ShellPlan {
  readonly user: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly workdir?: string | undefined;
  /** Checks a command's arguments and options. */
  readonly check: (...args: Parameters<SandboxShell["run"]>) => ShellRequest;
}

/** A shell over one exec of the engine; see {@linkcode SandboxShell}. */
export class BoxShell implements SandboxShell {
  readonly #box: Box;
  readonly #plan: ShellPlan;
  readonly #tag: ProcessTag;
  readonly #exec: ExecStream;
  readonly #queue = new SerialQueue(WAITING_MAX);
  readonly #closing = new AbortController();
  #pid = 0;
  #turn: ShellTurn | undefined;
  /** Why nothing more comes from the shell. */
  #lost: { readonly reason: unknown } | undefined;
  #closed: Promise<Ended | undefined> | undefined;

  private constructor(
    box: Box,
    plan: ShellPlan,
    tag: ProcessTag,
    exec: ExecStream,
  ) {
    this.#box = box;
    this.#plan = plan;
    this.#tag = tag;
    this.#exec = exec;
    this.#pump();
  }

  /** Opens a shell, and sees that it answers. */
  static async open(box: Box, plan: ShellPlan): Promise<BoxShell> {
    box.assertAlive("open a shell");
    const { shell: program, id } = box.facts;
    if (program === undefined) {
      throw new BackendError(
        "unsupported",
        "Cannot open a shell: the sandbox has no sh whose ulimit can tell its " +
          "processes apart. Use an image with one",
      );
    }
    const tag = box.nextTag();
    const { user, env, workdir } = plan;
    const argv = taggedArgv([program.path], tag, program);
    const exec = await ExecStream.start(box.engine, id, {
      argv,
      user,
      env,
      workdir,
      stdin: true,
    });
    const shell = new BoxShell(box, plan, tag, exec);
    try {
      await shell.#readPid();
    } catch (error) {
      await shell.close();
      throw error;
    }
    return shell;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  async run(...args: Parameters<SandboxShell["run"]>): Promise<RunResult> {
    const [argv] = args;
    const request = this.#plan.check(...args);
    this.#assertOpen();
    const { signal } = request;
    if (signal?.aborted) return notBegun();
    try {
      return await this.#queue.run(() => this.#command(argv, request), signal);
    } catch (error) {
      // Its turn had not come.
      if (signal?.aborted && error === signal.reason) return notBegun();
      throw error;
    }
  }

  async close(): Promise<void> {
    await (this.#closed ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<Ended> {
    this.#closing.abort();
    this.#exec.endInput();
    const ended = await this.#endAll();
    this.#exec.disconnect();
    return ended;
  }

  async #readPid(): Promise<void> {
    const { exitCode, stdout, outcome } = await this.#command(
      ["eval", "echo $$"],
      { timeoutMs: STARTUP_TIMEOUT_MS, stdoutMax: 4096, stderrMax: 4096 },
    );
    this.#pid = Number(new TextDecoder().decode(stdout));
    if (exitCode === 0 && this.#pid > 0) return;
    if (outcome === "sandbox_gone") throw this.#box.goneError("open a shell");
    const found = new TextDecoder().decode(stdout).trim();
    throw new BackendError(
      "start_failed",
      `Cannot open a shell in the sandbox: it ${outcome}, and said "${found}". ` +
        "Check its user and its working folder",
    );
  }

  async #command(
    argv: readonly string[],
    request: ShellRequest,
  ): Promise<RunResult> {
    this.#assertOpen();
    if (request.signal?.aborted) return notBegun();
    const start = { ms: performance.now(), at: Date.now() };
    const turn = new ShellTurn(request.stdoutMax, request.stderrMax);
    this.#turn = turn;
    if (this.#lost !== undefined) turn.fail(this.#lost.reason);
    const over = new AbortController();
    try {
      const script = commandScript(argv, turn.mark);
      this.#exec.write(new TextEncoder().encode(script))
        .catch((error) => turn.fail(error));
      const first = await Promise.race([
        turn.finished,
        untilStopped(this.#box, {
          timeoutMs: request.timeoutMs,
          signals: [request.signal, this.#closing.signal],
          over: over.signal,
        }),
      ]);
      const end = typeof first === "number"
        ? await this.#exited(first, start.at)
        : await this.#stopped(first, turn, start.at);
      return finish(end, turn, start.ms);
    } catch (error) {
      return finish(await this.#broken(error, start.at), turn, start.ms);
    } finally {
      over.abort();
      this.#turn = undefined;
    }
  }

  /** The command has ended, and the shell has said so. */
  async #exited(exitCode: number, startedAt: number) {
    const oom = exitCode === KILLED &&
      await ranOutOfMemory(this.#box, startedAt);
    return ending(oom ? "oom" : "exited", exitCode);
  }

  /** The command has to be ended. */
  async #stopped(outcome: Stop, turn: ShellTurn, startedAt: number) {
    if (outcome === "sandbox_gone") return await this.#afterSandbox(startedAt);
    if (this.#closed !== undefined) {
      return ending(outcome, null, await this.#closed);
    }
    const ended = await this.#endProcesses(this.#pid);
    if (ended.cleanup === "sandbox_killed") {
      this.#abandon(ended);
      return ending(outcome, null, ended);
    }
    const over = new AbortController();
    const inStep = await Promise.race([
      turn.finished.then(() => true, () => false),
      delay(RESYNC_MS, over.signal).then(() => false),
    ]);
    over.abort();
    if (inStep) return ending(outcome, null, ended);
    // It is the shell itself that is busy, or that has ended.
    await this.close();
    return ending(outcome, null, await this.#closed);
  }

  /** The shell has ended, or the connection to it has broken. */
  async #broken(error: unknown, startedAt: number) {
    if (!await this.#box.isRunning()) {
      return await this.#afterSandbox(startedAt);
    }
    const state = error instanceof ShellEnded
      ? await this.#exec.state()
      : undefined;
    if (state?.exitCode === KILLED && !await stillRuns(this.#box)) {
      return await this.#afterSandbox(startedAt);
    }
    // Of what never was, nothing is left, and nobody could run as its user.
    if (state?.hasStarted === false) this.#abandon();
    await this.close();
    if (state === undefined) throw error;
    const oom = state.exitCode === KILLED &&
      await ranOutOfMemory(this.#box, startedAt);
    return ending(oom ? "oom" : "exited", state.exitCode, await this.#closed);
  }

  /** The command ended with the sandbox. */
  async #afterSandbox(startedAt: number) {
    this.#box.markEnded();
    this.#abandon(SANDBOX_KILLED);
    const oom = this.#box.hasEndedByItself &&
      await ranOutOfMemory(this.#box, startedAt);
    return ending(oom ? "oom" : "sandbox_gone", null, SANDBOX_KILLED);
  }

  /** Takes no more commands, since nothing is left to take them. */
  #abandon(ended?: Ended): void {
    this.#closing.abort();
    this.#closed ??= Promise.resolve(ended);
    this.#exec.disconnect();
  }

  #endAll(): Promise<Ended> {
    return this.#endProcesses(undefined);
  }

  async #endProcesses(spared: number | undefined): Promise<Ended> {
    return await endProcesses(this.#box, {
      tag: this.#tag,
      user: this.#plan.user,
      isRunning: async () =>
        spared === undefined && (await this.#exec.state()).running,
      ...(spared !== undefined && { spared }),
    });
  }

  /** Passes on what the shell writes, for as long as it does. */
  async #pump(): Promise<void> {
    let reason: unknown = new ShellEnded();
    try {
      for await (const output of this.#exec.output()) this.#turn?.take(output);
    } catch (error) {
      reason = error;
    }
    this.#lost = { reason };
    this.#turn?.fail(reason);
  }

  #assertOpen(): void {
    this.#box.assertAlive("run a command in a shell");
    if (this.isClosed) throw this.#closedError();
  }

  #closedError(): BackendError {
    return new BackendError(
      "closed",
      "Cannot run a command: the shell was closed, or has ended. Open a new one",
    );
  }
}

/** The shell ended by itself, as by `exit`. */
class ShellEnded extends Error {}

function ending(outcome: RunOutcome, exitCode: number | null, ended?: Ended) {
  return {
    outcome,
    exitCode,
    signal: signalOf(exitCode),
    cleanup: ended?.cleanup ?? "none" as const,
    survivors: ended?.survivors ?? 0,
  };
}

function finish(
  end: ReturnType<typeof ending>,
  turn: ShellTurn,
  startedMs: number,
): RunResult {
  return {
    ...end,
    durationMs: performance.now() - startedMs,
    ...turn.output(),
  };
}

function notBegun(): RunResult {
  return {
    ...ending("aborted", null),
    durationMs: 0,
    stdout: new Uint8Array(0),
    stderr: new Uint8Array(0),
    dropped: { stdout: 0, stderr: 0 },
  };
}
