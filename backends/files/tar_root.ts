import { BLOCK } from "./tar_header.ts";

const DIRECTORY = 53;

/** Whether a header is that of the folder itself which an archive is of. */
function isRoot(block: Uint8Array): boolean {
  const path = String.fromCharCode(...block.subarray(0, 3));
  return block[156] === DIRECTORY &&
    (path === "./\0" || path.startsWith(".\0"));
}

/**
 * Leaves the first entry out of an archive if it is the folder itself: who
 * extracts it elsewhere wants what is in the folder, and not its mode on a folder
 * that is there, such as `/tmp`.
 */
export class RootEntryFilter {
  #first: Uint8Array | undefined = new Uint8Array();

  /**
   * Takes the next bytes.
   *
   * @returns What is to be passed on.
   */
  push(bytes: Uint8Array): Uint8Array {
    if (this.#first === undefined) return bytes;
    const both = new Uint8Array(this.#first.length + bytes.length);
    both.set(this.#first);
    both.set(bytes, this.#first.length);
    this.#first = both;
    if (both.length < BLOCK) return new Uint8Array();
    this.#first = undefined;
    return isRoot(both) ? both.subarray(BLOCK) : both;
  }

  /** What was held back when the archive ended. */
  rest(): Uint8Array {
    return this.#first ?? new Uint8Array();
  }
}
