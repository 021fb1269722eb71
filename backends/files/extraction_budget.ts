import { BackendError } from "../backend_error.ts";
import type { TreeBounds } from "./file_bounds.ts";

/** How much of names may be read and remembered: this, and so much an entry. */
const NAMES_BYTES = 1024 * 1024;
const NAME_BYTES_EACH = 1024;

/** What an archive may still have; whoever takes more is told. */
export class ExtractionBudget {
  readonly #bounds: TreeBounds;
  #entries = 0;
  #bytes = 0;
  #nameBytes = 0;

  /** Takes the bounds. */
  constructor(bounds: TreeBounds) {
    this.#bounds = bounds;
  }

  /**
   * Counts an entry, or a folder that no entry told of.
   *
   * @throws {BackendError} `file_too_large`.
   */
  spendEntry(): void {
    const { maxEntries } = this.#bounds;
    if (++this.#entries > maxEntries) {
      throw tooLarge(`it has more than ${maxEntries} entries`);
    }
  }

  /**
   * Counts the bytes of a file. Its header says how many, and no more are read.
   *
   * @throws {BackendError} `file_too_large`.
   */
  spendBytes(bytes: number): void {
    const { maxBytes } = this.#bounds;
    this.#bytes += bytes;
    if (this.#bytes > maxBytes) {
      throw tooLarge(`its files have more than ${maxBytes} bytes`);
    }
  }

  /**
   * Counts what is read of names, long ones and what links point to.
   *
   * @throws {BackendError} `file_too_large`.
   */
  spendNames(bytes: number): void {
    this.#nameBytes += bytes;
    const max = NAMES_BYTES + this.#bounds.maxEntries * NAME_BYTES_EACH;
    if (this.#nameBytes > max) {
      throw tooLarge(`its names have more than ${max} bytes`);
    }
  }
}

function tooLarge(why: string): BackendError {
  return new BackendError(
    "file_too_large",
    `Cannot take an archive from the sandbox: ${why}`,
  );
}
