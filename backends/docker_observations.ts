import type { Fleet } from "./local_docker/fleet.ts";
import * as observe from "./local_docker/observe.ts";
import type { Posture } from "./posture.ts";
import type { Sandbox } from "./sandbox_backend.ts";
import type {
  FileChange,
  LogOptions,
  SandboxLogs,
  SandboxMount,
  SandboxProcessInfo,
  SandboxStats,
} from "./sandbox_observations.ts";

/** Looks at sandboxes from outside, without their help. */
export abstract class DockerObservations {
  readonly #fleet: Fleet;

  /**
   * Looks at a fleet's sandboxes.
   *
   * @ignore
   */
  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /**
   * Lists a sandbox's processes, as its host sees them.
   *
   * @param sandbox A sandbox of this backend.
   * @returns The processes, those of the backend's own included.
   * @throws {BackendError} `sandbox_gone`, `engine_unavailable` or
   * `engine_failed`.
   */
  async top(sandbox: Sandbox): Promise<SandboxProcessInfo[]> {
    return await observe.top(this.#fleet.box(sandbox, "list the processes"));
  }

  /**
   * Measures what a sandbox uses.
   *
   * @param sandbox A sandbox of this backend.
   * @returns What it uses now.
   * @throws {BackendError} As {@linkcode DockerObservations.top}.
   */
  async stats(sandbox: Sandbox): Promise<SandboxStats> {
    return await observe.stats(this.#fleet.box(sandbox, "measure the use"));
  }

  /**
   * Lists what is mounted in a sandbox.
   *
   * @param sandbox A sandbox of this backend.
   * @returns The mounts.
   * @throws {BackendError} As {@linkcode DockerObservations.top}.
   */
  async mounts(sandbox: Sandbox): Promise<SandboxMount[]> {
    return await observe.mounts(this.#fleet.box(sandbox, "list the mounts"));
  }

  /**
   * Lists what has changed among the image's own files, which is nothing where
   * they are read-only, beside the engine's own init, `/sbin/docker-init`; what is
   * in memory or mounted does not count.
   *
   * @param sandbox A sandbox of this backend.
   * @returns The changes.
   * @throws {BackendError} As {@linkcode DockerObservations.top}.
   */
  async fsDiff(sandbox: Sandbox): Promise<FileChange[]> {
    return await observe.fsDiff(
      this.#fleet.box(sandbox, "list the changed files"),
    );
  }

  /**
   * Reads what the spec's `command` has written; programs that are run later have
   * their own outputs.
   *
   * @param sandbox A sandbox of this backend.
   * @param options A bound.
   * @returns What it has written; of the last 10 MiB, which the engine keeps.
   * @throws {BackendError} As {@linkcode DockerObservations.top}.
   * @throws {RangeError} If the bound makes no sense.
   */
  async logs(sandbox: Sandbox, options?: LogOptions): Promise<SandboxLogs> {
    return await observe.logs(
      this.#fleet.box(sandbox, "read the log"),
      options,
    );
  }

  /**
   * Looks at a sandbox's guards, as the engine applied them: at what the engine
   * says, and from within, as its programs' user.
   *
   * @param sandbox A sandbox of this backend.
   * @returns The guards.
   * @throws {BackendError} As {@linkcode DockerObservations.top}.
   */
  async posture(sandbox: Sandbox): Promise<Posture> {
    return await this.#fleet.posture(sandbox);
  }
}
