/**
 * Sandboxes as containers of the local Docker Engine.
 *
 * @module
 */
import { DEFAULT_GRANTS } from "./spec/complete_spec.ts";
import { JsonLineSession } from "./sessions/json_line_session.ts";
import { SharedSessions } from "./sessions/shared_sessions.ts";
import type { LaunchSpec } from "./launch_spec.ts";
import { DockerPrograms } from "./docker_programs.ts";
import { Fleet } from "./local_docker/fleet.ts";
import { observationOf } from "./local_docker/observation.ts";
import { checkTimeout, runRequest } from "./local_docker/program_options.ts";
import { run } from "./local_docker/run.ts";
import type { Swept } from "./local_docker/sweep.ts";
import { Tools } from "./local_docker/tools.ts";
import type { LocalDockerBackendOptions } from "./local_docker_options.ts";
import type {
  ExecOptions,
  LaunchOptions,
  Sandbox,
  SandboxBackend,
} from "./sandbox_backend.ts";
import type {
  OpenSessionOptions,
  SandboxSession,
  SessionBackend,
} from "./session_backend.ts";
import type { Observation, ToolCall } from "./tool_call.ts";

export * from "./docker_client.ts";
export * from "./docker_observations.ts";
export * from "./docker_programs.ts";
export * from "./local_docker_options.ts";
export type { SweepReason, Swept } from "./local_docker/sweep.ts";

const STARTUP_TIMEOUT_MS = 30_000;
const EXEC_TIMEOUT_MS = 45_000;
/** The server of a session, where nobody names another. */
const SESSION_COMMAND = ["zu-browser"];

/**
 * Runs sandboxes as containers of the local Docker Engine, or of one that speaks
 * its API, such as Podman. Nothing is contacted until the first launch.
 *
 * A sandbox has no network, no capabilities, no way to gain privileges, and the
 * engine's filter of system calls; 1 GiB of memory without swap, one processor,
 * 256 processes; the image's files read-only, and a `/tmp` in memory. Programs run
 * as the image's user, or, where that is root, as 65534. A spec can only tighten
 * that, a tier of the options can change some of it, and `launch` fails when the
 * engine did not do what was asked for.
 *
 * A sandbox ends with the process that launched it, however that ends: its main
 * program waits on a connection that this process holds. It ends by itself when
 * its time to live is over, and the first launch removes what others have left.
 *
 * With scoped egress, a second container is beside it, and a proxy in this process:
 * see docs/egress.md.
 *
 * Permissions: `--allow-read`, `--allow-write` and `--allow-net=unix:` for the
 * engine's socket, and `--allow-env`, all of which the engine's client, dockerode,
 * reads. For an engine behind TLS, `--allow-net` for its host, and `--allow-read`
 * for the certificates. For scoped egress, `--allow-net` without a list, and
 * `--allow-read` and `--allow-write` for the folder of temporary files. With
 * `--allow-all`, containers of dead processes can be
 * told by more than their time to live.
 *
 * @example
 * ```ts ignore
 * import { LocalDockerBackend } from "@zu/backends/backends/local-docker";
 *
 * await using backend = new LocalDockerBackend();
 * await using sandbox = await backend.launch({ image: "alpine" });
 * const { stdout } = await backend.run(sandbox, ["uname", "-s"]);
 * console.log(new TextDecoder().decode(stdout)); // Linux
 * ```
 */
export class LocalDockerBackend extends DockerPrograms
  implements SandboxBackend, SessionBackend, AsyncDisposable {
  /** The adapter's name. */
  readonly name = "local-docker";
  readonly #fleet: Fleet;
  readonly #sessions = new SharedSessions();
  readonly #tools: Tools;
  readonly #execTimeoutMs: number;
  #closed: Promise<void> | undefined;

  /**
   * Makes a backend, and contacts nothing.
   *
   * @param options Engine, tiers, tools, policies and bounds.
   * @throws {TypeError} If a tier, a tool or a policy makes no sense.
   * @throws {RangeError} If a bound does not.
   */
  constructor(options: LocalDockerBackendOptions = {}) {
    const {
      startupTimeoutMs = STARTUP_TIMEOUT_MS,
      execTimeoutMs = EXEC_TIMEOUT_MS,
      ttlMsMax = DEFAULT_GRANTS.ttlMsMax,
      tools = {},
    } = options;
    const fleet = new Fleet({
      ...options,
      startupTimeoutMs: checkTimeout("startupTimeoutMs", startupTimeoutMs),
      grants: {
        ...DEFAULT_GRANTS,
        ttlMsMax: checkTimeout("ttlMsMax", ttlMsMax),
      },
    });
    super(fleet, checkTimeout("execTimeoutMs", execTimeoutMs));
    this.#fleet = fleet;
    this.#tools = new Tools(tools);
    this.#execTimeoutMs = execTimeoutMs;
  }

  /** How many sandboxes were launched and have not ended. */
  get running(): number {
    return this.#fleet.size;
  }

  /**
   * Launches a container; see {@linkcode SandboxBackend.launch}.
   *
   * @param spec What it is to be.
   * @param options Cancellation, and a callback for the progress of a pull.
   * @returns The sandbox.
   * @throws {BackendError} `spec_refused`, `image_refused`, `network_refused`,
   * before the engine is contacted; `image_unavailable`, `start_failed`,
   * `engine_unavailable`, `engine_failed` or `closed`.
   */
  async launch(
    spec: LaunchSpec,
    options: LaunchOptions = {},
  ): Promise<Sandbox> {
    return await this.#fleet.launch(spec, options, ({ id, image }, egress) => {
      const sandbox: Sandbox = Object.freeze({
        id,
        image,
        backend: this.name,
        ...(egress && { egress }),
        [Symbol.asyncDispose]: () => this.destroy(sandbox),
      });
      return sandbox;
    });
  }

  /**
   * Tells whether a sandbox is still there, as far as is known: this process is
   * told at once when one ends.
   *
   * @param sandbox A sandbox.
   * @returns False if it is gone, or of another backend.
   */
  isAlive(sandbox: Sandbox): boolean {
    return this.#fleet.isAlive(sandbox);
  }

  /**
   * Runs a tool; see {@linkcode SandboxBackend.exec}.
   *
   * @param sandbox A sandbox of this backend.
   * @param call The tool, one of `render_dom` and the option `tools`.
   * @param options Time limit, `execTimeoutMs` by default, and cancellation.
   * @returns The JSON object that it printed, with a `status` of 200 unless it has
   * one; 504 if its time was up; 500 if it failed or printed something else; 400
   * for arguments that are none of the tool's; 404 if there is no such tool.
   * @throws {BackendError} `sandbox_gone`, `engine_unavailable` or
   * `engine_failed`.
   */
  async exec(
    sandbox: Sandbox,
    call: ToolCall,
    options: ExecOptions = {},
  ): Promise<Observation> {
    const box = this.#fleet.box(sandbox, `run the tool "${call.name}"`);
    options.signal?.throwIfAborted();
    const { argv, problem } = this.#tools.argvOf(call);
    if (argv === undefined) return problem;
    const request = runRequest(argv, options, box.facts, this.#execTimeoutMs);
    const result = await run(box, request);
    if (result.outcome === "aborted") throw options.signal?.reason;
    if (result.outcome === "sandbox_gone") {
      throw box.goneError(`run the tool "${call.name}"`);
    }
    return observationOf(call.name, result, request.timeoutMs);
  }

  /**
   * Ends a sandbox and everything in it; see {@linkcode SandboxBackend.destroy}.
   *
   * @param sandbox A sandbox of this backend.
   * @throws {BackendError} `engine_unavailable` or `engine_failed`, if it is not
   * known to be gone.
   */
  async destroy(sandbox: Sandbox): Promise<void> {
    await this.#fleet.destroy(sandbox);
  }

  /**
   * Launches a sandbox and starts a server in it; see
   * {@linkcode SessionBackend.openSession}.
   *
   * @param spec What the sandbox is to be.
   * @param options The server, sharing and cancellation.
   * @returns The session.
   * @throws {BackendError} What `launch` throws, or `spec_refused` if the session
   * of the run key was opened with another spec.
   */
  async openSession(
    spec: LaunchSpec,
    options: OpenSessionOptions = {},
  ): Promise<SandboxSession> {
    const { command = SESSION_COMMAND, runKey, ...launching } = options;
    this.#fleet.check(spec);
    // The launch may have to wait, and what is launched is what was asked for.
    const asked = structuredClone(spec);
    const open = (signal?: AbortSignal) =>
      this.#openSession(asked, command, {
        ...launching,
        ...(signal && { signal }),
      });
    if (runKey === undefined) return await open(options.signal);
    return await this.#sessions.open(
      runKey,
      { spec: asked, command },
      open,
      options,
    );
  }

  /**
   * Ends the session of a run, whoever still holds it. Harmless if there is none.
   *
   * @param runKey The run's key.
   */
  async closeRun(runKey: string): Promise<void> {
    await this.#sessions.closeRun(runKey);
  }

  async #openSession(
    spec: LaunchSpec,
    command: readonly string[],
    options: LaunchOptions,
  ): Promise<JsonLineSession> {
    const sandbox = await this.launch(spec, options);
    try {
      const { facts } = this.#fleet.box(sandbox, "open a session");
      const server = await this.spawn(sandbox, command, {
        // It serves for as long as the sandbox lives, and past the opener's signal.
        timeoutMs: Math.max(1, facts.expiresAt - Date.now()),
      });
      options.signal?.throwIfAborted();
      return new JsonLineSession(server, {
        id: sandbox.id,
        egress: sandbox.egress,
        onClose: () => this.destroy(sandbox),
      });
    } catch (error) {
      await this.destroy(sandbox);
      throw error;
    }
  }

  /**
   * Removes what others have left: containers of this backend, at the same engine,
   * whose process is dead or whose time to live is over. The first launch does it,
   * too.
   *
   * @returns What was removed.
   * @throws {BackendError} `engine_unavailable` or `engine_failed`.
   */
  async sweep(): Promise<Swept[]> {
    this.#fleet.assertOpen();
    return await this.#fleet.sweep();
  }

  /**
   * Ends every sandbox and session, and what is being launched. Harmless if done
   * before.
   *
   * @throws {BackendError} `engine_unavailable` or `engine_failed`, if something
   * may be left; it then ends when its time to live is over.
   */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** Closes; see {@linkcode LocalDockerBackend.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([this.#sessions.close(), this.#fleet.close()]);
  }
}
