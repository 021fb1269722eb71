import { DockerObservations } from "./docker_observations.ts";
import type { Fleet } from "./local_docker/fleet.ts";
import {
  runRequest,
  shellPlan,
  spawnRequest,
} from "./local_docker/program_options.ts";
import { run } from "./local_docker/run.ts";
import { BoxShell } from "./local_docker/shell.ts";
import { spawn } from "./local_docker/spawn.ts";
import type {
  RunOptions,
  RunResult,
  SandboxProcess,
  SpawnOptions,
} from "./run_result.ts";
import type { Sandbox } from "./sandbox_backend.ts";
import { SandboxFiles } from "./sandbox_files.ts";
import type { SandboxShell, ShellOptions } from "./sandbox_shell.ts";

/** Runs programs in sandboxes, and gets at their files. */
export abstract class DockerPrograms extends DockerObservations {
  readonly #fleet: Fleet;
  readonly #execTimeoutMs: number;

  /**
   * Runs programs in a fleet's sandboxes.
   *
   * @ignore
   */
  constructor(fleet: Fleet, execTimeoutMs: number) {
    super(fleet);
    this.#fleet = fleet;
    this.#execTimeoutMs = execTimeoutMs;
  }

  /**
   * Runs a program in a sandbox to its end.
   *
   * @param sandbox A sandbox of this backend.
   * @param argv The program and its arguments; no shell reads them.
   * @param options Environment, folder, user, input, limits and cancellation.
   * @returns How it ended and what it wrote until then: also when its time was up,
   * when it was aborted, and when the sandbox ended meanwhile.
   * @throws {BackendError} `sandbox_gone` if it was gone before, `start_failed` if
   * its user or folder is not there, `engine_unavailable` or `engine_failed`.
   * @throws {TypeError} For what is no program, folder, user or environment.
   * @throws {RangeError} For a bound that makes no sense.
   *
   * @example
   * ```ts ignore
   * const { outcome, exitCode } = await backend.run(sandbox, ["sleep", "60"], {
   *   timeoutMs: 1_000,
   * });
   * console.log(outcome, exitCode); // timeout null
   * ```
   */
  async run(
    sandbox: Sandbox,
    argv: readonly string[],
    options: RunOptions = {},
  ): Promise<RunResult> {
    const box = this.#fleet.box(sandbox, "run a program");
    return await run(
      box,
      runRequest(argv, options, box.facts, this.#execTimeoutMs),
    );
  }

  /**
   * Starts a program in a sandbox, with its streams.
   *
   * @param sandbox A sandbox of this backend.
   * @param argv The program and its arguments; no shell reads them.
   * @param options Environment, folder, user, time limit and cancellation.
   * @returns The program. Disposing of it ends it and all it started.
   * @throws {BackendError} As {@linkcode DockerPrograms.run}.
   * @throws {TypeError} As {@linkcode DockerPrograms.run}.
   * @throws {RangeError} As {@linkcode DockerPrograms.run}.
   */
  async spawn(
    sandbox: Sandbox,
    argv: readonly string[],
    options: SpawnOptions = {},
  ): Promise<SandboxProcess> {
    const box = this.#fleet.box(sandbox, "start a program");
    return await spawn(
      box,
      spawnRequest(argv, options, box.facts, this.#execTimeoutMs),
    );
  }

  /**
   * Opens a shell in a sandbox, for many small commands.
   *
   * @param sandbox A sandbox of this backend.
   * @param options Environment, folder and user.
   * @returns The shell.
   * @throws {BackendError} `unsupported` if the image has no suitable shell;
   * `sandbox_gone`, `start_failed`, `engine_unavailable` or `engine_failed`.
   *
   * @example
   * ```ts ignore
   * await using shell = await backend.shell(sandbox);
   * await shell.run(["cd", "/tmp"]);
   * const { stdout } = await shell.run(["pwd"]);
   * ```
   */
  async shell(
    sandbox: Sandbox,
    options: ShellOptions = {},
  ): Promise<SandboxShell> {
    const box = this.#fleet.box(sandbox, "open a shell");
    return await BoxShell.open(
      box,
      shellPlan(options, box.facts, this.#execTimeoutMs),
    );
  }

  /**
   * Gives access to a sandbox's files. Needs `sh` and some usual programs in it;
   * {@linkcode SandboxFiles} says which.
   *
   * @param sandbox A sandbox of this backend.
   * @returns Its files.
   * @throws {BackendError} `sandbox_gone`
   */
  files(sandbox: Sandbox): SandboxFiles {
    this.#fleet.box(sandbox, "look at the files");
    return new SandboxFiles({
      run: (argv, options) => this.run(sandbox, argv, options),
      spawn: (argv, options) => this.spawn(sandbox, argv, options),
    });
  }
}
