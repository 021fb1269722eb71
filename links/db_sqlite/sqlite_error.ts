/** An error that SQLite reported. */
export class SqliteError extends Error {
  /** The name of the class. */
  override name = "SqliteError";
  /** The primary result code, such as 5 for `SQLITE_BUSY`. */
  code: number;
  /**
   * The extended result code, such as 2067 for `SQLITE_CONSTRAINT_UNIQUE`, or
   * the primary one where SQLite gives no other.
   *
   * The registry's package has no such property.
   */
  extendedCode: number;

  /**
   * Creates the error.
   *
   * @param code The result code; of an extended one, `code` keeps the primary.
   * @param message What SQLite says about it.
   */
  constructor(code = 1, message = "Unknown Error") {
    const primary = code & 0xff;
    super(`${primary}: ${message}`);
    this.code = primary;
    this.extendedCode = code;
  }
}
