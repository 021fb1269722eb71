import type { RunResult, ShellRunOptions } from "./run_result.ts";

/** Options of opening a shell. */
export interface ShellOptions {
  /** Environment variables, in addition to the sandbox's. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The working folder at first: an absolute path.
   * @default {the sandbox's}
   */
  readonly workdir?: string;
  /**
   * The user, as `name`, `uid` or `uid:gid`.
   * @default {the sandbox's}
   */
  readonly user?: string;
}

/**
 * A shell that stays open in a sandbox, for many small commands: each takes a
 * fraction of what a program that is started by the engine takes.
 *
 * A command is a program or something that the shell has built in, such as `cd` or
 * `export`, with its arguments, which are taken literally. What it changes of the
 * shell, such as folder and environment, the next one finds. Commands run one at a
 * time, in the order of the calls. They read nothing.
 *
 * A timeout or an aborted signal ends every process that any command of the shell
 * started, those in the background included. The shell goes on if it is seen to be
 * in step again; otherwise it is closed.
 */
export interface SandboxShell extends AsyncDisposable {
  /** Whether it takes no more commands. */
  readonly isClosed: boolean;
  /**
   * Runs a command to its end.
   *
   * What a process in the background writes is part of the output of whichever
   * command runs at the time.
   *
   * @param argv The command and its arguments.
   * @param options Limits and cancellation.
   * @returns How it ended, and what it wrote until then.
   * @throws {BackendError} `closed`, or `sandbox_gone` if the sandbox was gone
   * before the command began.
   * @throws {TypeError} For what is no command.
   */
  run(argv: readonly string[], options?: ShellRunOptions): Promise<RunResult>;
  /**
   * Ends the shell and all that its commands started. Harmless if done before.
   * A command that runs is ended with `aborted`.
   */
  close(): Promise<void>;
}
