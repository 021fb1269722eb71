/**
 * Large buffers that connections share: those in full flow have one each while
 * there are any, and give it back when less comes. So what they hold has a bound,
 * however many they are.
 */
export class LargeBuffers {
  readonly #bytes: number;
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #left: number;

  /** @param max How many there may be; `bytes`, how large each is. */
  constructor(
    { max, bytes }: { readonly max: number; readonly bytes: number },
  ) {
    this.#left = max;
    this.#bytes = bytes;
  }

  /** One of them, made if need be; undefined if all are in use. */
  take(): Uint8Array<ArrayBuffer> | undefined {
    const spare = this.#spare.pop();
    if (spare !== undefined || this.#left === 0) return spare;
    this.#left--;
    return new Uint8Array(this.#bytes);
  }

  /** Takes one back, which is not used any more. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    this.#spare.push(buffer);
  }
}
