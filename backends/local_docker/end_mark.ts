import { Buffer } from "node:buffer";

/** Longer than any exit code. */
const TAIL_BYTES_MAX = 16;
const LINE_FEED = 10;

/**
 * Finds where a command's output ends in the output of a shell: at a line feed, a
 * mark that nobody can guess, and what stands between it and the next line feed.
 */
export class EndMark {
  readonly #mark: Buffer;
  readonly #pass: (bytes: Uint8Array) => void;
  /** What may be the beginning of the mark, or of what stands behind it. */
  #held: Uint8Array = new Uint8Array(0);

  /**
   * Looks for a mark.
   *
   * @param mark The mark.
   * @param pass Takes what comes before it.
   */
  constructor(mark: string, pass: (bytes: Uint8Array) => void) {
    this.#mark = Buffer.from(`\n${mark}`);
    this.#pass = pass;
  }

  /**
   * Takes the next bytes.
   *
   * @returns What stands behind the mark, once all of it is there. What follows is
   * not the command's, and is dropped.
   */
  push(bytes: Uint8Array): string | undefined {
    const all = this.#held.length === 0
      ? bytes
      : Buffer.concat([this.#held, bytes]);
    const view = Buffer.from(all.buffer, all.byteOffset, all.byteLength);
    const at = view.indexOf(this.#mark);
    if (at < 0) {
      const end = this.#beginningOfMark(view);
      this.#pass(view.subarray(0, end));
      this.#held = view.slice(end);
      return undefined;
    }
    this.#pass(view.subarray(0, at));
    const behind = view.subarray(at + this.#mark.length);
    const end = behind.indexOf(LINE_FEED);
    if (end >= 0) return behind.subarray(0, end).toString();
    this.#held = Buffer.from(
      view.subarray(at, at + this.#mark.length + TAIL_BYTES_MAX),
    );
    return undefined;
  }

  /** What was held in vain: the mark is not to come any more. */
  flush(): void {
    this.#pass(this.#held);
    this.#held = new Uint8Array(0);
  }

  /** Where a beginning of the mark stands at the end. */
  #beginningOfMark(view: Buffer): number {
    let at = Math.max(0, view.length - this.#mark.length + 1);
    for (; at < view.length; at++) {
      const rest = view.subarray(at);
      if (rest.equals(this.#mark.subarray(0, rest.length))) break;
    }
    return at;
  }
}
