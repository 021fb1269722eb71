/** What went wrong, as a word that code can switch on. */
export type RegistryErrorCode =
  /** No adapter is registered under that name. */
  | "unknown_adapter"
  /** An adapter is registered under that name already. */
  | "duplicate_adapter"
  /** The adapter was written for another major version of the port. */
  | "port_mismatch"
  /** The module has no export that is a factory. */
  | "not_an_adapter"
  /** The module could not be imported; `cause` says why. */
  | "import_failed";

/** An error of a registry that a caller may want to catch. */
export class RegistryError extends Error {
  /** The class's name, for logs. */
  override readonly name = "RegistryError";
  /** What went wrong; stable across releases. */
  readonly code: RegistryErrorCode;

  /**
   * Makes an error with a stable code.
   *
   * @param code What went wrong.
   * @param message What was tried, what was found and what to do.
   * @param options The cause.
   */
  constructor(
    code: RegistryErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
  }
}
