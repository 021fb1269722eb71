/** What went wrong, as a word that code can switch on. */
export type BackendErrorCode =
  /** The engine that runs the sandboxes cannot be reached. */
  | "engine_unavailable"
  /** The engine answered with an error, or broke off in the middle. */
  | "engine_failed"
  /** The policy does not allow the image. */
  | "image_refused"
  /** The image is not there, and was not or could not be pulled. */
  | "image_unavailable"
  /** The network that was asked for is not granted. */
  | "network_refused"
  /** The spec is contradictory, or would loosen what the backend grants. */
  | "spec_refused"
  /** The sandbox did not start, or lacks a guard that was asked for. */
  | "start_failed"
  /** The sandbox is gone: destroyed, expired or killed. */
  | "sandbox_gone"
  /** What was used has been closed: a backend, pool, shell or session. */
  | "closed"
  /** It took too long: a session's reply, a file, a sandbox of a pool. */
  | "timeout"
  /** A session's server answered with what the protocol has not. */
  | "protocol_error"
  /** There is no such file in the sandbox. */
  | "file_not_found"
  /** A file or tree is larger than was allowed. */
  | "file_too_large"
  /** An archive's entry would leave the folder it is for, or the archive is broken. */
  | "file_refused"
  /** A file could not be read, written or removed, as the system says. */
  | "file_failed"
  /** The backend cannot do this. */
  | "unsupported"
  /** A scripted call is another one than was recorded, or there is none left. */
  | "script_mismatch";

/**
 * An error of a sandbox backend that a caller may want to catch.
 *
 * @example Telling one failure from another
 * ```ts
 * import { BackendError, ScriptedBackend } from "@zu/backends/backends";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const backend = new ScriptedBackend([]);
 * const error = await assertRejects(() => backend.launch({}), BackendError);
 * assertEquals(error.code, "spec_refused");
 * ```
 */
export class BackendError extends Error {
  /** The class's name, for logs. */
  override readonly name = "BackendError";
  /** What went wrong; stable across releases. */
  readonly code: BackendErrorCode;

  /**
   * Makes an error with a stable code.
   *
   * @param code What went wrong.
   * @param message What was tried, what was found and what to do.
   * @param options The cause.
   */
  constructor(
    code: BackendErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
  }
}
