/** Keeps the end of a stream of text, for messages. */
export class TextTail {
  readonly #bytes: Uint8Array;
  #length = 0;

  /**
   * Keeps nothing yet.
   *
   * @param bytesMax How many bytes are kept.
   */
  constructor(bytesMax: number) {
    this.#bytes = new Uint8Array(bytesMax);
  }

  /** Takes the next bytes, and forgets as many of the oldest as there are too many. */
  push(chunk: Uint8Array): void {
    const max = this.#bytes.length;
    const added = chunk.subarray(Math.max(0, chunk.length - max));
    const kept = Math.min(this.#length, max - added.length);
    this.#bytes.copyWithin(0, this.#length - kept, this.#length);
    this.#bytes.set(added, kept);
    this.#length = kept + added.length;
  }

  /** What is kept, without the white space around it. */
  get text(): string {
    const bytes = this.#bytes.subarray(0, this.#length);
    return new TextDecoder().decode(bytes).trim();
  }
}
