/** What the engine answers in place of what was asked for. */
export class EngineError extends Error {
  /** The class's name, for logs. */
  override readonly name = "EngineError";
  /** The status of the answer. */
  readonly status: number;

  /**
   * Makes an error.
   *
   * @param status The status of the answer.
   * @param message What the answer's `message` says.
   */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The error for a container that is not there, as 20.10 answers. */
export function noSuchContainer(name: string): EngineError {
  return new EngineError(404, `No such container: ${name}`);
}

/** The error for a container that has to run and does not, as 20.10 answers. */
export function notRunning(id: string): EngineError {
  return new EngineError(409, `Container ${id} is not running`);
}
