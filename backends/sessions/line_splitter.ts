const NEWLINE = 10;

/** What a chunk completed. */
export interface SplitLines {
  /** The lines that ended in it, without their newlines. */
  readonly lines: readonly Uint8Array[];
  /** Whether the line after them is longer than allowed. */
  readonly isTooLong: boolean;
}

/**
 * Cuts a stream of bytes at its newlines, as chunks come in.
 *
 * A line that began in earlier chunks is copied into one buffer, so that a server
 * which sends it byte by byte, or at the end of a large chunk, makes us hold no more
 * than that buffer, and its old copy while it grows.
 */
export class LineSplitter {
  readonly #lineBytesMax: number;
  #begun = new Uint8Array();
  #length = 0;

  /**
   * Begins with an empty line.
   *
   * @param lineBytesMax The longest line, without its newline.
   */
  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /**
   * Takes the next chunk. After a line that is too long, no other may follow.
   *
   * @param chunk The bytes; lines that lie inside them are views of them.
   * @returns The lines that are now complete.
   */
  push(chunk: Uint8Array): SplitLines {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (
      let end = chunk.indexOf(NEWLINE);
      end !== -1;
      end = chunk.indexOf(NEWLINE, start)
    ) {
      const piece = chunk.subarray(start, end);
      if (this.#isOver(piece)) return { lines, isTooLong: true };
      lines.push(this.#complete(piece));
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    if (this.#isOver(rest)) return { lines, isTooLong: true };
    this.#add(rest);
    return { lines, isTooLong: false };
  }

  #isOver(piece: Uint8Array): boolean {
    const isOver = this.#length + piece.length > this.#lineBytesMax;
    if (isOver) this.#reset();
    return isOver;
  }

  #complete(piece: Uint8Array): Uint8Array {
    if (this.#length === 0) return piece;
    this.#add(piece);
    const line = this.#begun.subarray(0, this.#length);
    this.#reset();
    return line;
  }

  #add(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#begun.length) {
      const twice = Math.min(this.#begun.length * 2, this.#lineBytesMax);
      const grown = new Uint8Array(Math.max(length, twice));
      grown.set(this.#begun.subarray(0, this.#length));
      this.#begun = grown;
    }
    this.#begun.set(piece, this.#length);
    this.#length = length;
  }

  #reset(): void {
    this.#begun = new Uint8Array();
    this.#length = 0;
  }
}
