// A map from UUIDs to a few words each, in typed arrays: a Map of strings would
// take five times the memory for a million ids. Keys are whole UUIDs, not
// fingerprints, so there is no collision that could lie.

/** How many buckets a table has; the index file has the same ones. */
export const BUCKETS = 1024;
/** How many words a key takes. */
export const KEY_WORDS = 4;

/** The fraction of a bucket's slots that may be in use, in quarters. */
const LOAD_QUARTERS = 3;
const SLOTS_MIN = 8;

function nibble(code: number): number {
  return code < 58 ? code - 48 : code - 87;
}

/** Reads lower-case hex digits, hyphens left out, as big-endian words. */
export function hexToWords(hex: string, into: Uint32Array, at: number): void {
  let word = 0;
  let digits = 0;
  for (let i = 0; i < hex.length; i++) {
    const code = hex.charCodeAt(i);
    if (code === 45) continue;
    word = (word << 4) | nibble(code);
    if (++digits % 8 === 0) {
      into[at++] = word;
      word = 0;
    }
  }
}

/** Writes words as lower-case hex digits. */
export function wordsToHex(words: Uint32Array): string {
  let hex = "";
  for (const word of words) hex += word.toString(16).padStart(8, "0");
  return hex;
}

function hashOf(key: Uint32Array, at: number, seed: number): number {
  let hash = seed;
  for (let i = at; i < at + KEY_WORDS; i++) {
    hash = Math.imul(hash ^ key[i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** The bucket of a key that stands in an array at an offset. */
export function bucketOf(key: Uint32Array, at: number, seed: number): number {
  return hashOf(key, at, seed) >>> 22;
}

/**
 * A map from UUIDs to records of a fixed number of words. The first word of a
 * value must not be 0, which marks a free slot.
 *
 * It is split into buckets by the top bits of the key's hash. Each grows by
 * itself, so that no growth holds up the event loop, and a walk over the buckets
 * comes in the order of the index file.
 */
export class UuidTable {
  /** How many words a value takes. */
  readonly valueWords: number;
  /**
   * Goes into each hash, so that nobody can choose ids that fall into one
   * bucket.
   */
  readonly seed: number;
  readonly #words: number;
  readonly #buckets: (Uint32Array | undefined)[] = new Array(BUCKETS);
  readonly #used = new Uint32Array(BUCKETS);
  readonly #key = new Uint32Array(KEY_WORDS);
  #size = 0;
  #byteSize = 0;

  /**
   * Makes an empty table.
   *
   * @param valueWords How many words a value takes.
   * @param seed Goes into each hash.
   */
  constructor(valueWords: number, seed: number) {
    this.valueWords = valueWords;
    this.seed = seed >>> 0;
    this.#words = KEY_WORDS + valueWords;
  }

  /** How many keys the table holds. */
  get size(): number {
    return this.#size;
  }

  /** How many bytes its arrays take. */
  get byteSize(): number {
    return this.#byteSize + this.#used.byteLength;
  }

  /** Where in a bucket the key is, or the free slot where it belongs. */
  #slot(bucket: Uint32Array, hash: number, key: Uint32Array, at: number) {
    const words = this.#words;
    const mask = bucket.length / words - 1;
    let slot = (hash & mask) * words;
    while (bucket[slot + KEY_WORDS] !== 0) {
      if (
        bucket[slot] === key[at] && bucket[slot + 1] === key[at + 1] &&
        bucket[slot + 2] === key[at + 2] && bucket[slot + 3] === key[at + 3]
      ) break;
      slot += words;
      if (slot === bucket.length) slot = 0;
    }
    return slot;
  }

  /** The value of a key that stands in an array; a view, not a copy. */
  getWords(key: Uint32Array, at: number): Uint32Array | undefined {
    const hash = hashOf(key, at, this.seed);
    const bucket = this.#buckets[hash >>> 22];
    if (bucket === undefined) return undefined;
    const slot = this.#slot(bucket, hash, key, at) + KEY_WORDS;
    if (bucket[slot] === 0) return undefined;
    return bucket.subarray(slot, slot + this.valueWords);
  }

  /** The value of a UUID, spelt lower-case and hyphenated. */
  get(uuid: string): Uint32Array | undefined {
    hexToWords(uuid, this.#key, 0);
    return this.getWords(this.#key, 0);
  }

  /** Sets the value of a UUID, spelt lower-case and hyphenated. */
  set(uuid: string, value: Uint32Array): void {
    hexToWords(uuid, this.#key, 0);
    this.#put(this.#key, 0, value, 0);
  }

  /** The same, unless the table holds the UUID already. */
  add(uuid: string, value: Uint32Array): void {
    hexToWords(uuid, this.#key, 0);
    if (this.getWords(this.#key, 0) !== undefined) return;
    this.#put(this.#key, 0, value, 0);
  }

  /** Sets what records of key and value say, as `records` returns them. */
  load(records: Uint32Array): void {
    for (let at = 0; at < records.length; at += this.#words) {
      this.#put(records, at, records, at + KEY_WORDS);
    }
  }

  #put(
    key: Uint32Array,
    keyAt: number,
    value: Uint32Array,
    valueAt: number,
  ): void {
    const hash = hashOf(key, keyAt, this.seed);
    const index = hash >>> 22;
    const bucket = this.#roomIn(index);
    const slot = this.#slot(bucket, hash, key, keyAt);
    if (bucket[slot + KEY_WORDS] === 0) {
      this.#used[index]!++;
      this.#size++;
      for (let i = 0; i < KEY_WORDS; i++) bucket[slot + i] = key[keyAt + i]!;
    }
    for (let i = 0; i < this.valueWords; i++) {
      bucket[slot + KEY_WORDS + i] = value[valueAt + i]!;
    }
  }

  /** The bucket, with room for one more key. */
  #roomIn(index: number): Uint32Array {
    const words = this.#words;
    const old = this.#buckets[index];
    const slots = old === undefined ? 0 : old.length / words;
    if ((this.#used[index]! + 1) * 4 <= slots * LOAD_QUARTERS) return old!;
    const grown = new Uint32Array(Math.max(SLOTS_MIN, slots * 2) * words);
    for (let at = 0; at < slots * words; at += words) {
      if (old![at + KEY_WORDS] === 0) continue;
      const slot = this.#slot(grown, hashOf(old!, at, this.seed), old!, at);
      grown.set(old!.subarray(at, at + words), slot);
    }
    this.#byteSize += grown.byteLength - slots * words * 4;
    this.#buckets[index] = grown;
    return grown;
  }

  /** The records of a bucket, key and value next to each other. */
  records(index: number): Uint32Array {
    const bucket = this.#buckets[index];
    const records = new Uint32Array(this.#used[index]! * this.#words);
    let end = 0;
    for (let at = 0; bucket && at < bucket.length; at += this.#words) {
      if (bucket[at + KEY_WORDS] === 0) continue;
      records.set(bucket.subarray(at, at + this.#words), end);
      end += this.#words;
    }
    return records;
  }
}
