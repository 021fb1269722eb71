import { quote } from "./_quote.ts";
import { rowError } from "./_row_error.ts";
import {
  KEY_BLOBS_MAX,
  KEY_BLOBS_WARN_AT,
  type KeyUsageOptions,
  type KeyWarning,
} from "./key_usage.ts";

/**
 * Blobs encrypted by each key, by the key's fingerprint. It is shared by all
 * codecs since the limit is one of the key and not of a codec, and it never
 * forgets since a key that is forgotten would start again at 0; a process
 * encrypts with few keys, at about 100 bytes each.
 */
const blobsByFingerprint = new Map<string, number>();

/** One codec's view of the shared counts: what it was told, when it warns. */
export class KeyCounter {
  readonly #version: number;
  readonly #warnAt: number;
  readonly #onKeyWarning: (warning: KeyWarning) => void;
  readonly #told = new Map<string | undefined, number>();
  readonly #warned = new Set<string>();

  constructor(version: number, options: KeyUsageOptions) {
    const { warnAt = KEY_BLOBS_WARN_AT, onKeyWarning = warnOnConsole } =
      options;
    assertCount(warnAt, "warnAt");
    this.#version = version;
    this.#warnAt = warnAt;
    this.#onKeyWarning = onKeyWarning;
  }

  /** Raises the count of a key to at least this many, at its next use. */
  note(blobs: number, keyId: string | undefined): void {
    assertCount(blobs, "the number of blobs encrypted before");
    this.#told.set(keyId, Math.max(blobs, this.#told.get(keyId) ?? 0));
  }

  /**
   * Counts one blob before it is encrypted, so that a failure half-way makes
   * the count too high rather than too low.
   */
  take(fingerprint: string, keyId: string | undefined, aad: Uint8Array): void {
    const before = Math.max(
      blobsByFingerprint.get(fingerprint) ?? 0,
      this.#told.get(keyId) ?? 0,
    );
    this.#told.delete(keyId);
    if (before >= KEY_BLOBS_MAX) {
      blobsByFingerprint.set(fingerprint, before);
      throw rowError(
        "key_exhausted",
        `${nameOf(keyId)} has encrypted ${before} blobs, and more would not ` +
          "be safe; change to a new key and keep this one for reading",
        { action: "encode", aad, keyId },
      );
    }
    const blobs = before + 1;
    blobsByFingerprint.set(fingerprint, blobs);
    if (blobs < this.#warnAt || this.#warned.has(fingerprint)) return;
    this.#warned.add(fingerprint);
    this.#onKeyWarning({
      version: this.#version,
      keyId,
      blobs,
      max: KEY_BLOBS_MAX,
    });
  }
}

function assertCount(count: number, what: string): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(
      `Cannot count a key's blobs: ${what} must be an integer from 0, got ${count}`,
    );
  }
}

function nameOf(keyId: string | undefined): string {
  return keyId === undefined ? "the key" : `the key ${quote(keyId)}`;
}

function warnOnConsole({ keyId, blobs, max }: KeyWarning): void {
  console.warn(
    `@zu/backends: ${nameOf(keyId)} has encrypted ${blobs} blobs and is ` +
      `refused at ${max}; change to a new key before that.`,
  );
}
