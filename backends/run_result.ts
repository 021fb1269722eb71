/** How a program in a sandbox came to its end. */
export type RunOutcome =
  /** By itself; `exitCode` tells how. */
  | "exited"
  /** Its time was up. */
  | "timeout"
  /** The caller's signal was aborted. */
  | "aborted"
  /** The sandbox's memory was full, and the kernel killed it. */
  | "oom"
  /** The sandbox was destroyed, killed or lost while it ran. */
  | "sandbox_gone";

/** What was done about processes that may have been left. */
export type RunCleanup =
  /** Nothing: the program ended by itself. What it left in the background runs. */
  | "none"
  /** Every process that it started was ended, and a last look found none. */
  | "verified"
  /** That could not be done or not be seen, so the sandbox was ended. */
  | "sandbox_killed";

/** How a program ended, without its output. */
export interface RunStatus {
  /** How it came to its end. */
  readonly outcome: RunOutcome;
  /** Its exit code; null unless it ended by itself or for want of memory. */
  readonly exitCode: number | null;
  /**
   * The signal that an exit code over 128 stands for, such as `SIGKILL`; null if
   * there is none.
   */
  readonly signal: string | null;
  /** What was done about processes that may have been left. */
  readonly cleanup: RunCleanup;
  /** How many processes could not be ended other than with the sandbox. */
  readonly survivors: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/** How a program ended, and what it wrote until then. */
export interface RunResult extends RunStatus {
  /** What it wrote to standard output: if too much, the head and the tail. */
  readonly stdout: Uint8Array<ArrayBuffer>;
  /** What it wrote to standard error: if too much, the head and the tail. */
  readonly stderr: Uint8Array<ArrayBuffer>;
  /** How many bytes between head and tail were dropped of each. */
  readonly dropped: { readonly stdout: number; readonly stderr: number };
}

/** Options of a program that is run to its end, one after the other, in a shell. */
export interface ShellRunOptions {
  /**
   * How long it may take, in milliseconds.
   * @default {the backend's `execTimeoutMs`}
   */
  readonly timeoutMs?: number;
  /** Ends it; the result then says `aborted`. */
  readonly signal?: AbortSignal;
  /**
   * How many bytes of standard output are kept: half of them the first ones,
   * half the last ones.
   * @default {10_485_760, 10 MiB}
   */
  readonly stdoutMax?: number;
  /**
   * How many bytes of standard error are kept.
   * @default {10_485_760, 10 MiB}
   */
  readonly stderrMax?: number;
}

/** Options of a program that is started. */
export interface SpawnOptions {
  /** Environment variables, in addition to the sandbox's. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The working folder: an absolute path.
   * @default {the sandbox's}
   */
  readonly workdir?: string;
  /**
   * The user, as `name`, `uid` or `uid:gid`.
   * @default {the sandbox's}
   */
  readonly user?: string;
  /**
   * How long it may take, in milliseconds.
   * @default {the backend's `execTimeoutMs`}
   */
  readonly timeoutMs?: number;
  /** Ends it; the status then says `aborted`. */
  readonly signal?: AbortSignal;
}

/** Options of a program that is run to its end. */
export interface RunOptions extends SpawnOptions, ShellRunOptions {
  /**
   * What it reads: bytes, text or a stream.
   * @default {nothing: it sees the end at once}
   */
  readonly stdin?: Uint8Array | string | ReadableStream<Uint8Array>;
}

/**
 * A program that runs in a sandbox. Disposing of it ends it and all it started.
 *
 * Both streams come through one connection, with backpressure down to the
 * program: of a stream that nobody reads, a little is buffered, and then the
 * other one waits, too. Cancel the stream that is not wanted.
 */
export interface SandboxProcess extends AsyncDisposable {
  /** What it reads. Closing it is the end of its input. */
  readonly stdin: WritableStream<Uint8Array>;
  /** What it writes to standard output. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** What it writes to standard error. */
  readonly stderr: ReadableStream<Uint8Array>;
  /**
   * How it ended. An output that is neither read nor cancelled may hold it up: the
   * program waits until there is room for what it writes. Never rejects; an engine
   * that broke off says `sandbox_gone`, and the streams say why.
   */
  readonly status: Promise<RunStatus>;
  /** Ends it and all it started; the status then says `aborted`. */
  kill(): Promise<RunStatus>;
}
