/**
 * Bytes on their way from one side to another, with a bound: whoever pushes waits
 * while it is full.
 */
export class ByteQueue implements AsyncIterable<Uint8Array> {
  readonly #bytesMax: number;
  readonly #ended = Promise.withResolvers<void>();
  #chunks: Uint8Array[] = [];
  #size = 0;
  #isEnded = false;
  #change = Promise.withResolvers<void>();

  /**
   * Makes an empty queue.
   *
   * @param bytesMax How many bytes are held before a push waits.
   */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Resolves when no more bytes come. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Puts bytes at the end; resolves when there was room for them. */
  async push(bytes: Uint8Array): Promise<void> {
    while (this.#size >= this.#bytesMax && !this.#isEnded) {
      await this.#change.promise;
    }
    if (this.#isEnded) return;
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    this.#notify();
  }

  /** Puts bytes back in front, for those who took too much. */
  unshift(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.unshift(bytes);
    this.#size += bytes.length;
    this.#notify();
  }

  /** Says that no more bytes come. Those that are there can still be taken. */
  end(): void {
    this.#isEnded = true;
    this.#ended.resolve();
    this.#notify();
  }

  /** Forgets the bytes that are there. */
  clear(): void {
    this.#chunks = [];
    this.#size = 0;
    this.#notify();
  }

  /** Takes the next bytes, as they were pushed; undefined at the end. */
  async take(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#size -= chunk.length;
        this.#notify();
        return chunk;
      }
      if (this.#isEnded) return undefined;
      await this.#change.promise;
    }
  }

  /** The bytes until the end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = await this.take();
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  #notify(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }
}
