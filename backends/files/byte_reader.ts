/** Reads a stream by the byte, whatever pieces it comes in. */
export class ByteReader implements Disposable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();

  /** Takes a stream, which must not be read otherwise. */
  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /**
   * Some bytes of what comes next.
   *
   * @param max How many at most, at least 1.
   * @returns As many as there are without waiting for more; none at the end. They
   * hold until the next call.
   */
  async some(max: number): Promise<Uint8Array> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) break;
      this.#chunk = value;
    }
    const bytes = this.#chunk.subarray(0, max);
    this.#chunk = this.#chunk.subarray(bytes.length);
    return bytes;
  }

  /**
   * The bytes that come next.
   *
   * @param count How many.
   * @returns All of them; fewer at the end.
   */
  async take(count: number): Promise<Uint8Array> {
    if (this.#chunk.length >= count) return await this.some(count);
    const bytes = new Uint8Array(count);
    let length = 0;
    while (length < count) {
      const more = await this.some(count - length);
      if (more.length === 0) break;
      bytes.set(more, length);
      length += more.length;
    }
    return bytes.subarray(0, length);
  }

  /** Lets go of the stream. */
  [Symbol.dispose](): void {
    this.#reader.releaseLock();
  }
}
