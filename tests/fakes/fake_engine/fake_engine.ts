import { Daemon, type DaemonOptions } from "./daemon.ts";
import { EngineServer } from "./engine_server.ts";
import type { FakeContainer } from "./fake_container.ts";
import { type Fault, FaultList } from "./faults.ts";
import type { EngineRequest } from "./http_request.ts";
import type { ImageStore } from "./image_store.ts";

/** Options of {@linkcode FakeEngine.start}. */
export interface FakeEngineOptions extends DaemonOptions {
  /**
   * Where the engine listens.
   * @default {a file in a folder of its own, which goes with it}
   */
  readonly socketPath?: string;
}

/** Options of {@linkcode FakeEngine.stop}. */
export interface StopOptions {
  /**
   * Whether the containers end with the engine, as they do without live-restore.
   * @default {false}
   */
  readonly killsContainers?: boolean;
}

/** Options of {@linkcode FakeEngine.when}. */
export interface WhenOptions {
  /**
   * How long it may take, in milliseconds.
   * @default {10_000}
   */
  readonly timeoutMs?: number;
}

/** How long {@linkcode FakeEngine.when} waits. */
const WHEN_TIMEOUT_MS = 10_000;

/**
 * A Docker Engine that runs nothing: it speaks the Engine API, version 1.41, on a
 * unix socket, as far as the backend uses it, with programs of the test in place
 * of containers, and with faults on demand.
 *
 * What it answers was compared with a 20.10.24 (like_the_engine_test.ts still
 * does): "20.10" in the sources means that it was seen there. What it has not, it
 * refuses with 501. For a LocalDockerBackend, its `programs` are best made by
 * `sandboxPrograms`. Needs `--allow-net`, and to read and write the folder that
 * its socket is in.
 */
export class FakeEngine implements AsyncDisposable {
  /** Where it listens. */
  readonly socketPath: string;
  readonly #folder: string | undefined;
  readonly #daemon: Daemon;
  readonly #faults = new FaultList();
  readonly #server: EngineServer;
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  private constructor(folder: string | undefined, options: FakeEngineOptions) {
    this.#folder = folder;
    this.socketPath = options.socketPath ?? `${folder}/docker.sock`;
    this.#daemon = new Daemon(options, () => this.#changed());
    this.#server = new EngineServer(
      this.socketPath,
      this.#daemon,
      this.#faults,
    );
  }

  /**
   * Starts an engine.
   *
   * @param options What it has and can run.
   * @returns The engine, which has to be disposed of.
   */
  static async start(options: FakeEngineOptions = {}): Promise<FakeEngine> {
    const folder = options.socketPath === undefined
      ? await Deno.makeTempDir({ prefix: "fake-engine-" })
      : undefined;
    const engine = new FakeEngine(folder, options);
    engine.start();
    return engine;
  }

  /** What was asked, in order, as soon as it was read. */
  get requests(): readonly EngineRequest[] {
    return this.#server.requests;
  }

  /** The containers that exist. */
  get containers(): FakeContainer[] {
    return [...this.#daemon.containers.values()];
  }

  /** How many connections are open, as this side sees it. */
  get openConnections(): number {
    return this.#server.openConnections;
  }

  /** What the next answers to a create request warn of. */
  set warnings(warnings: readonly string[]) {
    this.#daemon.warnings = [...warnings];
  }

  /** The images, to add some or to take some away. */
  get images(): ImageStore {
    return this.#daemon.images;
  }

  /**
   * Lets something go wrong.
   *
   * @param fault What, and at which requests.
   * @throws {RangeError} If a number of it makes no sense.
   */
  fault(fault: Fault): void {
    this.#faults.add(fault);
  }

  /** Takes back all faults. Answers that have begun stay as they are. */
  clearFaults(): void {
    this.#faults.clear();
  }

  /** Listens again, after a stop. Harmless if it listens. */
  start(): void {
    if (this.#isClosed) throw new TypeError("The fake engine is closed");
    this.#server.listen();
  }

  /**
   * Goes down, as for a restart: nobody listens, all connections are closed, and
   * no exec is known any more. Containers stay as they are.
   *
   * @param options Whether they do.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    await this.#server.stop();
    if (options.killsContainers === true) {
      const running = this.containers.filter(({ isRunning }) => isRunning);
      await Promise.all(running.map((container) => container.kill()));
    }
    this.#daemon.execs.clear();
  }

  /**
   * Waits until something holds, and looks after each change: a request, an
   * answer's end, a connection that comes or goes, a container or a command that
   * starts or ends.
   *
   * @param what What is waited for, for the error.
   * @param holds Tells whether it holds.
   * @param options How long it may take.
   * @throws {Error} If it takes longer.
   */
  async when(
    what: string,
    holds: () => boolean,
    { timeoutMs = WHEN_TIMEOUT_MS }: WhenOptions = {},
  ): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`Waited ${timeoutMs} ms in vain: ${what}`));
    }, timeoutMs);
    try {
      while (!holds()) {
        const change = Promise.withResolvers<void>();
        this.#waiting.add(change.resolve);
        await Promise.race([change.promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Ends all programs, closes all connections, and removes the socket.
   *
   * @throws {AggregateError} If programs have thrown errors of their own, or the
   * fake itself has failed.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.stop({ killsContainers: true });
    if (this.#folder !== undefined) {
      await Deno.remove(this.#folder, { recursive: true });
    }
    const { errors } = this.#daemon;
    if (errors.length > 0) {
      throw new AggregateError(errors, "Programs of the fake engine threw");
    }
  }

  /** See {@linkcode FakeEngine.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #changed(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
