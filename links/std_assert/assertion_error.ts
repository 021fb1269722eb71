/** The error that a failed assertion throws. */
export class AssertionError extends Error {
  /**
   * Creates the error.
   *
   * @param message What was asserted and what was found.
   * @param options The `cause`, when another error led to this one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}
