/** How large a buffer is at first. */
const FIRST_BYTES = 4096;

/**
 * Keeps the first and the last of many bytes, and counts what is dropped between.
 * Its memory is at most twice the bytes that are kept, however small the pieces
 * are that they come in.
 */
export class Capture {
  readonly #head: Room;
  readonly #tail: Room;
  /** Where the tail's next byte goes, once its room is full: it is a ring then. */
  #tailNext = 0;
  #total = 0;

  /** Keeps at most so many bytes. */
  constructor(bytesMax: number) {
    const head = Math.ceil(bytesMax / 2);
    this.#head = new Room(head);
    this.#tail = new Room(bytesMax - head);
  }

  /** How many bytes were dropped. */
  get dropped(): number {
    return this.#total - this.#head.length - this.#tail.length;
  }

  /** Takes bytes, of which it keeps copies. */
  push(bytes: Uint8Array): void {
    this.#total += bytes.length;
    const afterHead = bytes.subarray(this.#head.fill(bytes));
    this.#pushRing(afterHead.subarray(this.#tail.fill(afterHead)));
  }

  #pushRing(bytes: Uint8Array): void {
    const size = this.#tail.length;
    if (bytes.length === 0 || size === 0) return;
    const skipped = Math.max(0, bytes.length - size);
    const kept = bytes.subarray(skipped);
    const at = (this.#tailNext + skipped) % size;
    const first = kept.subarray(0, size - at);
    this.#tail.bytes.set(first, at);
    this.#tail.bytes.set(kept.subarray(first.length), 0);
    this.#tailNext = (at + kept.length) % size;
  }

  /** What is kept: the head, and the tail behind it. */
  bytes(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#head.length + this.#tail.length);
    const tail = this.#tail.bytes;
    whole.set(this.#head.bytes);
    whole.set(tail.subarray(this.#tailNext), this.#head.length);
    whole.set(
      tail.subarray(0, this.#tailNext),
      whole.length - this.#tailNext,
    );
    return whole;
  }
}

/** A buffer that grows up to a bound. */
class Room {
  readonly #max: number;
  #buffer = new Uint8Array(0);
  #length = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return this.#length;
  }

  /** What it holds; writing to it changes that. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Takes as much as there is room for, and returns how much that was. */
  fill(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.#max - this.#length);
    const length = this.#length + taken.length;
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(
        Math.min(this.#max, Math.max(2 * length, FIRST_BYTES)),
      );
      grown.set(this.bytes);
      this.#buffer = grown;
    }
    this.#buffer.set(taken, this.#length);
    this.#length = length;
    return taken.length;
  }
}
