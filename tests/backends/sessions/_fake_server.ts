import type { LineProcess } from "../../../backends/sessions/line_channel.ts";
import { LineSplitter } from "../../../backends/sessions/line_splitter.ts";
import type { RunStatus } from "../../../backends/run_result.ts";

/** A command as the server reads it. */
export type ReadCommand = Record<string, unknown> & { readonly id: string };

/** What a server does about a command. */
export type Answer = (command: ReadCommand, server: FakeServer) => void;

const EXITED: RunStatus = {
  outcome: "exited",
  exitCode: 0,
  signal: null,
  cleanup: "none",
  survivors: 0,
  durationMs: 1,
};

/** Sends each command back, with its id. */
export function echo(command: ReadCommand, server: FakeServer): void {
  server.say(command);
}

/** Answers as the predecessor's server: it knows no ids, and `close` ends it. */
export function predecessor(command: ReadCommand, server: FakeServer): void {
  const { op, value } = command;
  server.say(op === "close" ? { closed: true } : { value });
  if (op === "close") server.exit();
}

/** A program of a session, in memory, that does what its test says. */
export class FakeServer implements LineProcess {
  /** What it has read. */
  readonly commands: ReadCommand[] = [];
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly status: Promise<RunStatus>;
  /** Which of its outputs nobody wants any more. */
  readonly cancelled: string[] = [];
  /** How often it was killed. */
  kills = 0;
  /** What it does when it is killed. */
  onKill: () => Promise<RunStatus>;
  /** While it is pending, nothing is read. */
  reads: Promise<void> = Promise.resolve();
  readonly #ended = Promise.withResolvers<RunStatus>();
  readonly #lines = new LineSplitter(1e9);
  readonly #watchers = new Set<() => void>();
  #out!: ReadableStreamDefaultController<Uint8Array>;
  #err!: ReadableStreamDefaultController<Uint8Array>;
  #in!: WritableStreamDefaultController;
  #hasExited = false;

  constructor(answer: Answer = () => {}) {
    this.status = this.#ended.promise;
    this.onKill = () => this.exit({ outcome: "aborted", exitCode: null });
    this.stdout = new ReadableStream({
      start: (controller) => void (this.#out = controller),
      cancel: () => void this.cancelled.push("stdout"),
    });
    this.stderr = new ReadableStream({
      start: (controller) => void (this.#err = controller),
      cancel: () => void this.cancelled.push("stderr"),
    });
    this.stdin = new WritableStream({
      start: (controller) => void (this.#in = controller),
      write: async (bytes) => {
        await this.reads;
        for (const line of this.#lines.push(bytes).lines) {
          const command = JSON.parse(new TextDecoder().decode(line));
          this.commands.push(command);
          answer(command, this);
        }
        for (const look of this.#watchers) look();
      },
    });
  }

  /** Resolves when it has read so many commands. */
  async received(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (this.commands.length >= count) resolve();
    };
    this.#watchers.add(look);
    look();
    await promise;
    this.#watchers.delete(look);
  }

  /** Writes values, each as a line, in one chunk. */
  say(...values: unknown[]): void {
    this.write(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
  }

  /** Writes to standard output. */
  write(chunk: string | Uint8Array): void {
    this.#out.enqueue(bytes(chunk));
  }

  /** Writes to standard error. */
  complain(chunk: string | Uint8Array): void {
    this.#err.enqueue(bytes(chunk));
  }

  /** Breaks its standard input. */
  refuseInput(error: Error): void {
    this.#in.error(error);
  }

  /** Breaks its standard output. */
  breakOutput(error: Error): void {
    this.#out.error(error);
  }

  /** Ends its standard output. */
  endOutput(): void {
    closeStream(this.#out);
  }

  /** Tells how it ended, while whoever has its output still holds it. */
  leave(status: Partial<RunStatus> = {}): Promise<RunStatus> {
    this.#ended.resolve({ ...EXITED, ...status });
    return this.status;
  }

  /** Ends with its streams. */
  exit(status: Partial<RunStatus> = {}): Promise<RunStatus> {
    if (!this.#hasExited) {
      this.#hasExited = true;
      this.endOutput();
      closeStream(this.#err);
    }
    return this.leave(status);
  }

  kill(): Promise<RunStatus> {
    this.kills++;
    return this.onKill();
  }
}

function bytes(chunk: string | Uint8Array): Uint8Array {
  return typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
}

/** Closes a stream unless its reader has cancelled it. */
function closeStream(stream: ReadableStreamDefaultController<Uint8Array>) {
  try {
    stream.close();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
