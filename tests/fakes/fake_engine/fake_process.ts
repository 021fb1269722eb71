import type { FakeContainer } from "./fake_container.ts";
import type { OutputStream } from "./frames.ts";
import type { ProgramIo, Programs } from "./programs.ts";
import { signalOf } from "./signals.ts";
import { turn } from "./turn.ts";

/** Where a process writes. */
export interface ProcessOutput {
  /** Takes bytes; resolves when there was room for them. */
  write(stream: OutputStream, bytes: Uint8Array): Promise<void>;
}

/** What a process is started with. */
export interface ProcessSpec {
  /** Its program and arguments. */
  readonly argv: readonly string[];
  /** Its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Its user. */
  readonly user: string;
  /** Its working folder. */
  readonly cwd: string;
  /** What it reads; nothing when left out. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  /** Whether only a handler of its own lets a signal other than SIGKILL in. */
  readonly isShielded?: boolean;
  /** Where it writes. */
  readonly output: ProcessOutput;
  /** Is told the exit code, at once. */
  readonly onExit: (code: number) => void;
  /** Is told when the program throws something of its own. */
  readonly onError: (error: unknown) => void;
}

/** How often a program writes before it lets the others run. */
const WRITES_PER_TURN = 64;

const encoder = new TextEncoder();

/** A program that runs in a fake container. */
export class FakeProcess {
  /** Its number on the host. */
  readonly pid: number;
  /** Its program and arguments. */
  readonly argv: readonly string[];
  /** Its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Its user. */
  readonly user: string;
  /** Its working folder. */
  readonly cwd: string;
  /** Where it runs. */
  readonly container: FakeContainer;
  readonly #spec: ProcessSpec;
  readonly #killed = new AbortController();
  readonly #exited = Promise.withResolvers<number>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #holds: Promise<unknown>[] = [];
  #writes = 0;
  #writing: Promise<unknown> = Promise.resolve();
  #onSignal: ((signal: string) => void) | undefined;
  #exitCode: number | null = null;
  #isClosed = false;

  /**
   * Makes a process that does not run yet.
   *
   * @param container Where it is to run.
   * @param pid Its number.
   * @param spec What it is.
   */
  constructor(container: FakeContainer, pid: number, spec: ProcessSpec) {
    this.container = container;
    this.pid = pid;
    this.argv = spec.argv;
    this.env = spec.env;
    this.user = spec.user;
    this.cwd = spec.cwd;
    this.#spec = spec;
  }

  /** How it ended; null while it runs. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  /** Resolves with the exit code when it has ended. */
  get exited(): Promise<number> {
    return this.#exited.promise;
  }

  /** Resolves when it has ended and nothing holds its outputs open. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Resolves when a reader has what was written until now, or has left. */
  get drained(): Promise<unknown> {
    return this.#writing;
  }

  /**
   * Starts it.
   *
   * @param programs What can run.
   * @returns Whether there is such a program.
   */
  start(programs: Programs): boolean {
    const running = programs(this.argv, this.#io());
    if (running === undefined) return false;
    running.then((code) => this.#exit(code), (error: unknown) => {
      // What a killed program stumbles over is its being killed.
      if (error !== this.#killed.signal.reason) {
        this.#spec.onError(error);
        this.#exit(255);
      }
    });
    return true;
  }

  /**
   * Sends a signal. What remains open after its end is closed by any.
   *
   * @throws {EngineError} If there is no such signal.
   */
  kill(signal: string = "SIGKILL"): void {
    const { name, number } = signalOf(signal);
    if (this.#exitCode === null && name !== "SIGKILL") {
      if (this.#onSignal !== undefined) return this.#onSignal(name);
      if (this.#spec.isShielded === true) return;
    }
    this.#exit(128 + number);
    this.#killed.abort(new DOMException(`Killed by ${name}`, "AbortError"));
    this.#close();
  }

  #exit(code: number): void {
    if (this.#exitCode !== null) return;
    this.#exitCode = code;
    this.#exited.resolve(code);
    this.#spec.onExit(code);
    Promise.allSettled(this.#holds).then(() => this.#close());
  }

  #close(): void {
    this.#isClosed = true;
    this.#closed.resolve();
  }

  #io(): ProgramIo {
    const { stdin, env, user, cwd } = this.#spec;
    return {
      stdin: stdin === undefined ? nothing() : this.#reading(stdin),
      stdout: (data) => this.#write("stdout", data),
      stderr: (data) => this.#write("stderr", data),
      env,
      user,
      cwd,
      container: this.container,
      process: this,
      killed: this.#killed.signal,
      onSignal: (handler) => {
        this.#onSignal = handler;
      },
      holdOutputs: (until) => {
        this.#holds.push(until);
      },
    };
  }

  async #write(stream: OutputStream, data: Uint8Array | string): Promise<void> {
    this.#killed.signal.throwIfAborted();
    if (this.#isClosed) throw new Error("The program writes after its end");
    // A copy, since the caller may fill its buffer again.
    const bytes = typeof data === "string"
      ? encoder.encode(data)
      : data.slice();
    if (bytes.length === 0) return;
    const written = this.#spec.output.write(stream, bytes);
    this.#writing = Promise.all([this.#writing, written]);
    await this.#unlessKilled(written);
    // A program that writes for ever must not keep the others from running.
    if (++this.#writes % WRITES_PER_TURN === 0) await turn(this.exited);
  }

  async *#reading(
    stdin: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    const iterator = stdin[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await this.#unlessKilled(iterator.next());
      if (done === true) return;
      yield value;
    }
  }

  /** The same, but rejects as soon as the process is killed. */
  async #unlessKilled<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#killed;
    const killed = Promise.withResolvers<never>();
    const onAbort = () => killed.reject(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener("abort", onAbort);
    try {
      return await Promise.race([work, killed.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
