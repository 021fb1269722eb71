import { environmentOf, words } from "./container_config.ts";
import { type Daemon, newId } from "./daemon.ts";
import { EngineError, notRunning } from "./engine_error.ts";
import { cannotRun, type FakeContainer } from "./fake_container.ts";
import { FakeProcess, type ProcessOutput } from "./fake_process.ts";
import type { Json } from "./http_request.ts";

/** A command in a container, from its creation on. */
export class FakeExec {
  /** Its id. */
  readonly id: string = newId();
  /** Where it runs. */
  readonly container: FakeContainer;
  /** What it was asked to be. */
  readonly config: Json;
  /** Its program and arguments. */
  readonly argv: readonly string[];
  /** Its user: its own, or the container's. */
  readonly user: string;
  /** What runs or ran; undefined until it is started. */
  process: FakeProcess | undefined;
  /** Whether it was started, or was to be. */
  isStarted = false;
  readonly #daemon: Daemon;
  #exitCode: number | null = null;

  /**
   * Makes a command that does not run yet.
   *
   * @param daemon Where it is known.
   * @param container Where it is to run.
   * @param config What it is to be.
   * @throws {EngineError} If there is nothing to run, or nowhere.
   */
  constructor(daemon: Daemon, container: FakeContainer, config: Json) {
    const argv = words(config["Cmd"]);
    if (argv === undefined) {
      throw new EngineError(400, "No exec command specified");
    }
    if (!container.isRunning) throw notRunning(container.id);
    this.#daemon = daemon;
    this.container = container;
    this.config = config;
    this.argv = argv;
    this.user = String(config["User"] || container.config["User"]);
    daemon.execs.set(this.id, this);
    this.#note("exec_create");
  }

  /** Whether it has a terminal, and its output therefore no frames. */
  get isTerminal(): boolean {
    return this.config["Tty"] === true;
  }

  /**
   * Starts it.
   *
   * @param output Where it writes.
   * @param stdin What it reads, if it was asked to read at all.
   * @returns The process.
   * @throws {EngineError} If it was started before, or cannot be.
   */
  start(
    output: ProcessOutput,
    stdin: AsyncIterable<Uint8Array> | undefined,
  ): FakeProcess {
    if (this.isStarted) {
      const is = this.#isRunning ? "is already running" : "has already run";
      throw new EngineError(409, `Error: Exec command ${this.id} ${is}`);
    }
    if (!this.container.isRunning) throw notRunning(this.container.id);
    this.isStarted = true;
    const { container, config } = this;
    const process = new FakeProcess(container, this.#daemon.nextPid(), {
      argv: this.argv,
      env: { ...container.env, ...environmentOf(config["Env"]) },
      user: this.user,
      cwd: String(
        config["WorkingDir"] || container.config["WorkingDir"] || "/",
      ),
      stdin: config["AttachStdin"] === true ? stdin : undefined,
      output,
      onExit: (code) => this.#note("exec_die", { exitCode: String(code) }),
      onError: (error) => this.#daemon.errors.push(error),
    });
    this.#note("exec_start");
    // Known before it runs, since it may look for itself.
    this.process = process;
    if (!process.start(this.#daemon.programs)) {
      this.process = undefined;
      this.#exitCode = 126;
      const [program = ""] = this.argv;
      throw new EngineError(
        400,
        `OCI runtime exec failed: exec failed: ${cannotRun(program)}`,
      );
    }
    container.adopt(process);
    return process;
  }

  /** What an inspection shows, in the fields of 20.10. */
  inspection(): Json {
    const [entrypoint, ...args] = this.argv;
    return {
      ID: this.id,
      Running: this.#isRunning,
      ExitCode: this.process?.exitCode ?? this.#exitCode,
      ProcessConfig: {
        tty: this.isTerminal,
        entrypoint,
        arguments: args,
        privileged: this.config["Privileged"] === true,
        ...(this.user === "" ? {} : { user: this.user }),
      },
      OpenStdin: this.config["AttachStdin"] === true,
      OpenStderr: this.config["AttachStderr"] === true,
      OpenStdout: this.config["AttachStdout"] === true,
      CanRemove: false,
      ContainerID: this.container.id,
      DetachKeys: "",
      Pid: this.process?.pid ?? 0,
    };
  }

  get #isRunning(): boolean {
    return this.process !== undefined && this.process.exitCode === null;
  }

  #note(action: string, attributes: Readonly<Record<string, string>> = {}) {
    const { id: execID, argv } = this;
    const [program, ...args] = argv;
    this.#daemon.events.container(
      this.container,
      action === "exec_die"
        ? action
        : `${action}: ${program} ${args.join(" ")}`,
      { execID, ...attributes },
    );
    this.#daemon.changed();
  }
}
