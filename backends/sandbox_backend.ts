import type { LaunchSpec } from "./launch_spec.ts";
import type { SandboxEgress } from "./sandbox_egress.ts";
import type { Observation, ToolCall } from "./tool_call.ts";

/** The major version of the port; the registry refuses adapters of another. */
export const SANDBOX_BACKEND_PORT = 1;

/** A running sandbox. Disposing of it destroys it. */
export interface Sandbox extends AsyncDisposable {
  /** The backend's own id of it. */
  readonly id: string;
  /** The image that runs in it. */
  readonly image: string;
  /** The name of the backend that launched it. */
  readonly backend: string;
  /** What it may reach, if it was launched with scoped egress. */
  readonly egress?: SandboxEgress;
}

/** Options of {@linkcode SandboxBackend.launch}. */
export interface LaunchOptions {
  /** Ends the launch, which rejects with the signal's reason and leaves nothing. */
  readonly signal?: AbortSignal;
  /** Is told how an image's pull comes along. */
  readonly onPullProgress?: (progress: PullProgress) => void;
}

/** How the pull of an image comes along. */
export interface PullProgress {
  /** The image. */
  readonly image: string;
  /** What is done, in the engine's words. */
  readonly status: string;
  /** The layer that it is done to, if it is one. */
  readonly layer?: string;
  /** How many bytes of the layer are done. */
  readonly current?: number;
  /** How many bytes the layer has. */
  readonly total?: number;
}

/** Options of {@linkcode SandboxBackend.exec}. */
export interface ExecOptions {
  /**
   * How long the call may take, in milliseconds.
   * @default {the backend's own}
   */
  readonly timeoutMs?: number;
  /** Ends the call, which rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * The port of the sandboxes: where the code that a model chose runs.
 *
 * A tool that fails is an observation; a backend that fails throws.
 */
export interface SandboxBackend {
  /** The adapter's name, as registered. */
  readonly name: string;
  /**
   * Starts a sandbox; resolves when it takes calls.
   *
   * @param spec What it is to be.
   * @param options Cancellation.
   * @returns The sandbox.
   * @throws {BackendError} `spec_refused`, `image_refused`, `network_refused`,
   * `start_failed` or `engine_unavailable`. Then nothing is left behind.
   */
  launch(spec: LaunchSpec, options?: LaunchOptions): Promise<Sandbox>;
  /**
   * Runs a tool in a sandbox.
   *
   * @param sandbox The sandbox.
   * @param call The tool and its arguments.
   * @param options Time limit and cancellation.
   * @returns What came of it.
   * @throws {BackendError} `sandbox_gone`, `unsupported` or
   * `engine_unavailable`.
   */
  exec(
    sandbox: Sandbox,
    call: ToolCall,
    options?: ExecOptions,
  ): Promise<Observation>;
  /**
   * Ends a sandbox and everything in it. Harmless if it is gone already.
   *
   * @param sandbox The sandbox.
   */
  destroy(sandbox: Sandbox): Promise<void>;
}
