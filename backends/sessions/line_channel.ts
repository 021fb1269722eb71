import { LineSplitter } from "./line_splitter.ts";
import { TextTail } from "./text_tail.ts";
import { untilEnded } from "../_until_ended.ts";
import type { RunStatus, SandboxProcess } from "../run_result.ts";

/** What a channel needs of a program. */
export type LineProcess = Pick<
  SandboxProcess,
  "stdin" | "stdout" | "stderr" | "status" | "kill"
>;

/** What is known when a program has ended, or can no longer be talked to. */
export interface ChannelEnd {
  /** How it ended, if it did. */
  readonly status: RunStatus | undefined;
  /** What it last wrote to standard error. */
  readonly stderr: string;
  /** Why a stream broke, if one did. */
  readonly cause: unknown;
}

/** Options of a channel. */
export interface LineChannelOptions {
  /** The longest line that is taken in. */
  readonly lineBytesMax: number;
  /** How long to wait for what is still on its way when the program ends. */
  readonly endTimeoutMs: number;
  /**
   * Is told each line of standard output; `undefined` for one that is too long,
   * which is the last one. All lines of a chunk come in one step.
   */
  readonly onLine: (line: Uint8Array | undefined) => void;
  /** Is told once that no line will come any more. */
  readonly onEnd: (end: ChannelEnd) => void;
}

/** How much of standard error is kept. */
const STDERR_BYTES_MAX = 4096;

/** Lines to and from a program, whose standard error is kept apart. */
export class LineChannel {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stdout: ReadableStreamDefaultReader<Uint8Array>;
  readonly #stderr: ReadableStreamDefaultReader<Uint8Array>;
  readonly #splitter: LineSplitter;
  readonly #options: LineChannelOptions;
  readonly #tail = new TextTail(STDERR_BYTES_MAX);
  readonly #unwritable = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #written: Promise<void> = Promise.resolve();
  #isOpen = true;
  #status: RunStatus | undefined;
  #cause: unknown;

  /**
   * Takes the program's streams and begins to read.
   *
   * @param process The program.
   * @param options Bounds, and who is told.
   */
  constructor(process: LineProcess, options: LineChannelOptions) {
    this.#writer = process.stdin.getWriter();
    this.#stdout = process.stdout.getReader();
    this.#stderr = process.stderr.getReader();
    this.#splitter = new LineSplitter(options.lineBytesMax);
    this.#options = options;
    void this.#watch(process.status);
  }

  /** Whether the program may still answer. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves when everything is written, or cannot be any more. */
  get written(): Promise<void> {
    return this.#written;
  }

  /** Writes a line when those before it are written. */
  write(line: Uint8Array): void {
    this.#written = this.#written.then(() => this.#writer.write(line))
      .catch((cause) => {
        this.#cause ??= cause;
        this.#unwritable.resolve();
      });
  }

  /** Lets go of the streams; resolves when they are closed. */
  async stop(): Promise<void> {
    this.#isOpen = false;
    this.#stopped.resolve();
    // A stream that has failed cannot be closed, which is all the same here.
    await Promise.allSettled([
      this.#stdout.cancel(),
      this.#stderr.cancel(),
      this.#writer.abort(),
    ]);
  }

  async #watch(status: Promise<RunStatus>): Promise<void> {
    const all = [
      status.then((status) => {
        this.#status = status;
      }),
      this.#readLines(),
    ];
    const noise = this.#readNoise();
    await Promise.race([...all, this.#unwritable.promise]);
    this.#isOpen = false;
    // One of them comes first, and what the others have to say is still wanted:
    // a last reply, the exit code, the reason on standard error. But a child of
    // the program may hold its output open for ever.
    await untilEnded(
      this.#options.endTimeoutMs,
      [],
      Promise.race([Promise.all([...all, noise]), this.#stopped.promise]),
    );
    this.#options.onEnd({
      status: this.#status,
      stderr: this.#tail.text,
      cause: this.#cause,
    });
  }

  async #readLines(): Promise<void> {
    for (;;) {
      const chunk = await this.#next(this.#stdout);
      if (chunk === undefined) return;
      const { lines, isTooLong } = this.#splitter.push(chunk);
      for (const line of lines) this.#options.onLine(line);
      if (isTooLong) return this.#options.onLine(undefined);
    }
  }

  async #readNoise(): Promise<void> {
    for (;;) {
      const chunk = await this.#next(this.#stderr);
      if (chunk === undefined) return;
      this.#tail.push(chunk);
    }
  }

  /** The next chunk; none at the end, be it by a failure. */
  async #next(
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<Uint8Array | undefined> {
    try {
      return (await reader.read()).value;
    } catch (cause) {
      this.#cause ??= cause;
      return undefined;
    }
  }
}
