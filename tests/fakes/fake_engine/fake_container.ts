import { ByteQueue } from "./byte_queue.ts";
import { environmentOf, stringsOf, words } from "./container_config.ts";
import type { Daemon } from "./daemon.ts";
import { EngineError, noSuchContainer, notRunning } from "./engine_error.ts";
import { FakeProcess } from "./fake_process.ts";
import { sharedNetworkOf } from "./host_config.ts";
import type { Json } from "./http_request.ts";
import type { StoredImage } from "./image_store.ts";
import { OutputLog } from "./output_log.ts";
import { signalOf } from "./signals.ts";
import { turn } from "./turn.ts";

/** What a container is made of. */
export interface ContainerSpec {
  /** Its id. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** Its image. */
  readonly image: StoredImage;
  /** Its image, as it was asked for. */
  readonly imageName: string;
  /** Its configuration, filled in. */
  readonly config: Json;
  /** Its host configuration, filled in. */
  readonly hostConfig: Json;
}

/** A path that differs from the image. */
export interface FileChange {
  /** The path. */
  readonly Path: string;
  /** Whether it was changed (0), added (1) or deleted (2). */
  readonly Kind: 0 | 1 | 2;
}

/** How much its first process may leave unread. */
const INPUT_BYTES_MAX = 64 * 1024;

/** A container, which runs programs of the test. */
export class FakeContainer {
  /** Its id. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** Its image. */
  readonly image: StoredImage;
  /** Its image, as it was asked for. */
  readonly imageName: string;
  /** Its configuration, as an inspection shows it. */
  readonly config: Json;
  /** Its host configuration, as an inspection shows it. */
  readonly hostConfig: Json;
  /** Its labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** When it was made, in milliseconds since 1970. */
  readonly createdAt: number;
  /** The output of its first process. */
  readonly output: OutputLog;
  /** What the engine says has changed in its files. A test may add to it. */
  readonly changes: FileChange[] = [];
  /** Where it is in its life. */
  status: "created" | "running" | "exited" = "created";
  /** The exit code of its first process, or of the failure to start it. */
  exitCode = 0;
  /** Whether the kernel has ended something in it for want of memory. */
  isOutOfMemory = false;
  /** Why it did not start. */
  error = "";
  /** When it was started last. */
  startedAt: number | undefined;
  /** When it ended last. */
  finishedAt: number | undefined;
  readonly #daemon: Daemon;
  readonly #removed = Promise.withResolvers<void>();
  #input = new ByteQueue(INPUT_BYTES_MAX);
  #stopped = Promise.withResolvers<void>();
  #main: FakeProcess | undefined;
  readonly #processes = new Set<FakeProcess>();
  #hadOom = false;

  /**
   * Makes a container.
   *
   * @param daemon Where it lives.
   * @param spec What it is.
   */
  constructor(daemon: Daemon, spec: ContainerSpec) {
    this.#daemon = daemon;
    this.id = spec.id;
    this.name = spec.name;
    this.image = spec.image;
    this.imageName = spec.imageName;
    this.config = spec.config;
    this.hostConfig = spec.hostConfig;
    this.labels = stringsOf(spec.config["Labels"]);
    this.createdAt = daemon.now();
    this.output = new OutputLog(spec.config["Tty"] === true, daemon.now);
  }

  /** Whether it runs. */
  get isRunning(): boolean {
    return this.status === "running";
  }

  /** Its first process, if it runs. */
  get main(): FakeProcess | undefined {
    return this.isRunning ? this.#main : undefined;
  }

  /** What runs in it, its first process first. */
  get processes(): FakeProcess[] {
    return [...this.#processes].filter(({ exitCode }) => exitCode === null);
  }

  /** Resolves when it stops, the next time. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Resolves when it is gone. */
  get removed(): Promise<void> {
    return this.#removed.promise;
  }

  /** The program and its arguments. */
  get argv(): string[] {
    const { Entrypoint, Cmd } = this.config;
    return [...words(Entrypoint) ?? [], ...words(Cmd) ?? []];
  }

  /** The environment that its programs have. */
  get env(): Record<string, string> {
    return {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      HOSTNAME: this.id.slice(0, 12),
      ...environmentOf(this.config["Env"]),
    };
  }

  /** The container whose network it has: mostly its own. */
  get networkOwner(): FakeContainer {
    const shared = sharedNetworkOf(this.hostConfig);
    return shared === undefined
      ? this
      : this.#daemon.find(shared)?.networkOwner ?? this;
  }

  /**
   * Starts it.
   *
   * @returns Whether it did not run before.
   * @throws {EngineError} If it cannot run its program, or the container whose
   * network it is to share does not run.
   */
  start(): boolean {
    if (this.isRunning) return false;
    this.#joinNetwork();
    const main = new FakeProcess(this, this.#daemon.nextPid(), {
      argv: this.argv,
      env: this.env,
      user: String(this.config["User"]),
      cwd: String(this.config["WorkingDir"] || "/"),
      stdin: this.config["OpenStdin"] === true ? this.#input : undefined,
      output: this.output,
      // The kernel shields the first process of a container. An init is one, and
      // passes signals on.
      isShielded: this.hostConfig["Init"] !== true,
      onExit: (code) => this.#stop(code),
      onError: (error) => this.#daemon.errors.push(error),
    });
    this.#main = main;
    this.adopt(main);
    this.status = "running";
    if (!main.start(this.#daemon.programs)) return this.#failToRun();
    this.startedAt = this.#daemon.now();
    this.exitCode = 0;
    this.#note("start");
    return true;
  }

  /**
   * Sends a signal to its first process. If that ends it, all has ended when this
   * resolves.
   *
   * @throws {EngineError} If it does not run.
   */
  async kill(signal: string = "SIGKILL"): Promise<void> {
    const { name, number } = signalOf(signal);
    const { main } = this;
    if (main === undefined) {
      const { message } = notRunning(this.id);
      throw new EngineError(
        409,
        `Cannot kill container: ${this.name}: ${message}`,
      );
    }
    this.#note("kill", { signal: String(number) });
    const { processes } = this;
    main.kill(name);
    if (main.exitCode !== null && this.#daemon.waitsForReaders) {
      await Promise.all(processes.map(({ drained }) => drained));
    }
  }

  /** Stops it: SIGTERM, and SIGKILL if that does not end it at once. */
  async stop(): Promise<void> {
    await this.kill("SIGTERM");
    // A program that wants to end on SIGTERM gets a turn of the event loop.
    if (this.isRunning) await turn(this.stopped);
    if (this.isRunning) await this.kill();
    this.#note("stop");
  }

  /** Does as the kernel does when a process of it wants too much memory. */
  outOfMemory(process: FakeProcess): void {
    this.#hadOom = true;
    this.#note("oom");
    process.kill();
  }

  /**
   * Gives its first process what somebody sends, until that ends; with
   * `StdinOnce`, that is then the end of its input.
   */
  async feed(incoming: AsyncIterable<Uint8Array>): Promise<void> {
    const input = this.#input;
    for await (const bytes of incoming) await input.push(bytes);
    if (this.config["StdinOnce"] === true) input.end();
  }

  /** Takes a process in, which ends with the container. */
  adopt(process: FakeProcess): void {
    this.#processes.add(process);
  }

  /** Takes it away, with all that runs in it. */
  async remove(): Promise<void> {
    if (this.isRunning) await this.kill();
    this.#forget();
  }

  #joinNetwork(): void {
    const shared = sharedNetworkOf(this.hostConfig);
    if (shared === undefined) return;
    const owner = this.#daemon.find(shared);
    if (owner === undefined) {
      this.#failToStart(128, noSuchContainer(shared));
    }
    if (!owner.isRunning) {
      const found =
        `cannot join network of a non running container: ${owner.id}`;
      this.#failToStart(128, new EngineError(409, found));
    }
    this.config["Hostname"] = owner.config["Hostname"];
  }

  #failToRun(): never {
    const [program = ""] = this.argv;
    const found =
      "failed to create shim task: OCI runtime create failed: runc " +
      `create failed: ${cannotRun(program)}`;
    this.#failToStart(127, new EngineError(400, found));
  }

  #failToStart(exitCode: number, error: EngineError): never {
    this.#processes.clear();
    this.status = "created";
    this.exitCode = exitCode;
    this.error = error.message;
    this.output.end();
    if (this.hostConfig["AutoRemove"] === true) this.#forget();
    throw error;
  }

  /** Its first process has ended, and everything in it ends with that. */
  #stop(code: number): void {
    this.status = "exited";
    this.exitCode = code;
    this.finishedAt = this.#daemon.now();
    // 20.10 shows it only once the container has stopped.
    this.isOutOfMemory = this.#hadOom;
    for (const process of this.#processes) process.kill();
    this.#processes.clear();
    for (const exec of this.#daemon.execs.values()) {
      // 20.10 forgets those that were never started.
      if (exec.container === this && !exec.isStarted) {
        this.#daemon.execs.delete(exec.id);
      }
    }
    this.#note("die", { exitCode: String(code) });
    this.output.end();
    this.#input.end();
    this.#input = new ByteQueue(INPUT_BYTES_MAX);
    const stopped = this.#stopped;
    this.#stopped = Promise.withResolvers<void>();
    if (this.hostConfig["AutoRemove"] === true) this.#forget();
    stopped.resolve();
  }

  #forget(): void {
    if (!this.#daemon.containers.has(this.id)) return;
    this.#daemon.forget(this);
    this.#note("destroy");
    this.#removed.resolve();
  }

  #note(action: string, attributes?: Readonly<Record<string, string>>): void {
    this.#daemon.events.container(this, action, attributes);
    this.#daemon.changed();
  }
}

/** What the runtime says of a program that is not there. */
export function cannotRun(program: string): string {
  const why = program.includes("/")
    ? `stat ${program}: no such file or directory`
    : "executable file not found in $PATH";
  return `unable to start container process: exec: "${program}": ${why}: unknown`;
}
