/** Says what is wrong with a ClientHello. */
export class MalformedHello extends Error {}

/**
 * Reads a part of a ClientHello, and no byte beyond its end: each method throws a
 * {@linkcode MalformedHello} if that is needed.
 */
export class HelloReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  /**
   * Begins with the first of them.
   *
   * @param bytes The bytes.
   * @param what What they are, for what is said of them.
   */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** The next bytes. */
  take(length: number): Uint8Array {
    if (length > this.left) {
      throw new MalformedHello(
        `${this.#what} ends within what it must have: ${length} bytes are ` +
          `needed, and ${this.left} are left`,
      );
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A number of that many bytes. */
  number(length: 1 | 2): number {
    return this.take(length).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** Bytes behind their length, which is a number of that many bytes. */
  vector(lengthBytes: 1 | 2, what: string): HelloReader {
    return new HelloReader(this.take(this.number(lengthBytes)), what);
  }

  /** Makes sure that nothing is left. */
  end(): void {
    if (this.left > 0) {
      throw new MalformedHello(`${this.left} bytes too many in ${this.#what}`);
    }
  }
}
