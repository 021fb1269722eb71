import type { Duplex } from "node:stream";
import { BackendError } from "../backend_error.ts";
import type { Engine } from "./engine.ts";
import { FrameDecoder, type Output } from "./frames.ts";
import { PodmanWords } from "./podman_words.ts";

/** A program to start in a container, in the Engine API's terms. */
export interface ExecConfig {
  readonly argv: readonly string[];
  readonly user: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly workdir?: string | undefined;
  readonly stdin: boolean;
}

/** What the engine knows of a program that was started. */
export interface ExecState {
  readonly running: boolean;
  readonly exitCode: number | null;
  /** Whether there ever was a process. */
  readonly hasStarted: boolean;
}

/** What a container's absence, or its not running, means to its user. */
const GONE = { 404: "sandbox_gone", 409: "sandbox_gone" } as const;

/**
 * A program that the engine started in a container, and the connection to its
 * streams. The engine has no way to end one; see process_tag.ts.
 */
export class ExecStream {
  readonly #engine: Engine;
  readonly #id: string;
  readonly #socket: Duplex;
  readonly #decoder = new FrameDecoder();
  readonly #words = new PodmanWords();

  private constructor(engine: Engine, id: string, socket: Duplex) {
    this.#engine = engine;
    this.#id = id;
    this.#socket = socket;
    // Reading and writing report errors; nobody listens between the two.
    socket.on("error", () => {});
  }

  /**
   * Starts a program.
   *
   * @throws {BackendError} `sandbox_gone`, `engine_failed` or
   * `engine_unavailable`. Whether the program was started is not known then,
   * unless it is the first.
   */
  static async start(
    engine: Engine,
    containerId: string,
    config: ExecConfig,
  ): Promise<ExecStream> {
    const what = "start a program in the sandbox";
    const { Id } = await engine.json<{ Id: string }>({
      method: "POST",
      path: `/containers/${containerId}/exec`,
      what,
      codes: GONE,
      body: {
        Cmd: config.argv,
        User: config.user,
        AttachStdin: config.stdin,
        AttachStdout: true,
        AttachStderr: true,
        ...(config.env &&
          { Env: Object.entries(config.env).map(([k, v]) => `${k}=${v}`) }),
        ...(config.workdir !== undefined && { WorkingDir: config.workdir }),
      },
    }, { Id: "string" });
    const socket = await engine.hijack({
      method: "POST",
      path: `/exec/${Id}/start`,
      what,
      codes: GONE,
      body: { Detach: false, Tty: false },
    }).catch((error) => {
      throw isNoUser(error)
        ? new BackendError("start_failed", error.message, { cause: error })
        : error;
    });
    return new ExecStream(engine, Id, socket);
  }

  /**
   * What the program writes, until it and all who share its streams have closed
   * them. To stop reading is to close the connection.
   *
   * @throws {BackendError} `engine_failed`, if the connection broke.
   */
  async *output(): AsyncGenerator<Output, void, undefined> {
    try {
      for await (const chunk of this.#socket) {
        for (const output of this.#decoder.push(chunk)) {
          this.#words.take(output);
          yield output;
        }
      }
    } catch (cause) {
      throw cause instanceof BackendError ? cause : broken(cause);
    }
    if (!this.isWhole) throw broken("it ended within a frame");
    if (this.#words.lostOutput && await this.#engine.isPodman()) {
      throw broken(
        "Podman lost some of the output, since the program ended before it " +
          "had read its input",
      );
    }
  }

  /** Whether all that has begun to come has come. */
  get isWhole(): boolean {
    return this.#decoder.isWhole;
  }

  /** Writes to the program, and resolves when the bytes are on their way. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(
        bytes,
        (error) => error ? reject(broken(error)) : resolve(),
      );
    });
  }

  /** Ends what the program reads. */
  endInput(): void {
    this.#socket.end();
  }

  /** Closes the connection. The program goes on. */
  disconnect(): void {
    this.#socket.destroy();
  }

  /** Asks the engine how the program does. */
  async state(): Promise<ExecState> {
    const { Running, ExitCode, Pid } = await this.#engine.json<
      { Running: boolean; ExitCode: number | null; Pid: number }
    >({
      method: "GET",
      path: `/exec/${this.#id}/json`,
      what: "see how a program in the sandbox ended",
      codes: GONE,
    }, { Running: "boolean" });
    if (!Running && !Number.isInteger(ExitCode)) {
      throw broken(`it says that a program has exited with ${ExitCode}`);
    }
    return {
      running: Running,
      exitCode: Running ? null : ExitCode,
      hasStarted: Running || Pid !== 0 || await this.#hasEnded(),
    };
  }

  /** Podman forgets the number of a process that has ended. */
  async #hasEnded(): Promise<boolean> {
    return !this.#words.couldNotStart && await this.#engine.isPodman();
  }
}

/** Docker says so on the program's stdout, but Podman answers with it. */
function isNoUser(error: unknown): error is BackendError {
  return error instanceof BackendError && error.code === "engine_failed" &&
    /unable to find (?:user|group) /.test(error.message);
}

function broken(cause: unknown): BackendError {
  const found = cause instanceof Error ? cause.message : String(cause);
  return new BackendError(
    "engine_failed",
    "Cannot follow a program in the sandbox: the connection to the engine " +
      `broke: ${found}`,
    { cause },
  );
}
