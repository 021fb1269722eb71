/** How many bytes lie between two lines that are remembered, at first. */
const STRIDE_BYTES = 64 * 1024;
/** How many lines are remembered before every other one is forgotten. */
const ENTRIES_MAX = 4096;

/** A line and where it begins. */
export interface LineStart {
  /** How many lines stand before it. */
  readonly lines: number;
  /** Its first byte. */
  readonly offset: number;
}

/**
 * Where some lines of a file begin, so that a reader need not start at the top.
 * Takes bounded memory: as the file grows, the remembered lines move apart.
 */
export class LineIndex {
  #entries: LineStart[] = [];
  #stride = STRIDE_BYTES;

  /** Notes where a line begins; lines come in the order of the file. */
  note(lines: number, offset: number): void {
    if (offset < (this.#entries.at(-1)?.offset ?? 0) + this.#stride) return;
    this.#entries.push({ lines, offset });
    if (this.#entries.length < ENTRIES_MAX) return;
    this.#entries = this.#entries.filter((_, i) => i % 2 === 1);
    this.#stride *= 2;
  }

  /** The last remembered line with no more than this many lines before it. */
  before(lines: number): LineStart {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.lines <= lines) low = middle + 1;
      else high = middle;
    }
    return this.#entries[low - 1] ?? { lines: 0, offset: 0 };
  }

  /** How many lines are remembered. */
  get size(): number {
    return this.#entries.length;
  }
}
