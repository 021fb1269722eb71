import type { Random } from "./_form.ts";

/** Something done to a file's content. */
export type Change =
  | { readonly at: number; readonly bytes: Uint8Array }
  | { readonly length: number };

/** What a power cut does to what was not synced. */
export type Loss = "lost" | "torn" | "blocks of 512" | "blocks of 4096";

/** A file's content, as it grows. */
class Content {
  #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.slice();
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  resize(length: number): void {
    const resized = new Uint8Array(length);
    resized.set(this.#bytes.subarray(0, length));
    this.#bytes = resized;
  }

  put(at: number, bytes: Uint8Array): void {
    if (at + bytes.length > this.#bytes.length) this.resize(at + bytes.length);
    this.#bytes.set(bytes, at);
  }
}

/**
 * What a power cut leaves of a file, as SQLite's crash tests do it
 * (https://sqlite.org/testing.html#crash_testing).
 *
 * - "lost": nothing of what was done since the last sync.
 * - "torn": the first of it, the last one of these cut off at any byte.
 * - "blocks": any of the blocks that were written, in whatever order the disk
 *   got to them. Where a later one is there and an earlier one is not, there are
 *   zeros; and so there may be behind the last one, since a file's length has a
 *   way of its own to the disk.
 *
 * @param synced The content at the last sync.
 * @param changes What was done since.
 * @param loss How it is lost.
 * @param random What is lost.
 */
export function surviving(
  synced: Uint8Array,
  changes: readonly Change[],
  loss: Loss,
  random: Random,
): Uint8Array {
  const content = new Content(synced);
  if (loss === "lost" || changes.length === 0) return content.bytes;
  if (loss === "torn") {
    const kept = random.int(0, changes.length - 1);
    changes.slice(0, kept + 1).forEach((change, i) => {
      if (!("bytes" in change)) content.resize(change.length);
      else {
        const { at, bytes } = change;
        const end = i < kept ? bytes.length : random.int(0, bytes.length);
        content.put(at, bytes.subarray(0, end));
      }
    });
    return content.bytes;
  }
  const block = loss === "blocks of 512" ? 512 : 4096;
  for (const change of changes) {
    if (!("bytes" in change)) {
      if (random.chance(0.5)) content.resize(change.length);
      continue;
    }
    const { at, bytes } = change;
    for (let from = at; from < at + bytes.length;) {
      const to = Math.min(
        at + bytes.length,
        (Math.floor(from / block) + 1) * block,
      );
      if (random.chance(0.5)) {
        content.put(from, bytes.subarray(from - at, to - at));
      }
      from = to;
    }
    if (at + bytes.length > content.bytes.length && random.chance(0.3)) {
      content.resize(at + bytes.length);
    }
  }
  return content.bytes;
}
