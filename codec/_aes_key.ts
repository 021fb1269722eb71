import { copyBytes, kind } from "./_bytes.ts";
import { CodecError, type CodecErrorOptions } from "./codec_error.ts";

/** AES-256: the only key size of the format. */
export const KEY_BYTES = 32;

/** A key that WebCrypto holds: its bytes cannot be had back. */
export interface ImportedKey {
  readonly cryptoKey: CryptoKey;
  /** Tells keys apart without holding them: SHA-256, hex. */
  readonly fingerprint: string;
}

/** A key's bytes until they are first needed, then WebCrypto's handle. */
export class AesKey {
  // Private fields, so that neither inspection nor JSON shows them.
  readonly #raw: Uint8Array<ArrayBuffer>;
  #importing: Promise<ImportedKey> | undefined;
  #imported: ImportedKey | undefined;

  /**
   * @param bytes The key, which is copied.
   * @param where What gave the key, for the message of an error.
   */
  constructor(bytes: unknown, where: string, options: CodecErrorOptions = {}) {
    if (!(bytes instanceof Uint8Array) || bytes.length !== KEY_BYTES) {
      throw new CodecError(
        "bad_key",
        `Cannot use the key that ${where}: it must be a Uint8Array of ` +
          `${KEY_BYTES} bytes, got ${
            bytes instanceof Uint8Array ? `${bytes.length} bytes` : kind(bytes)
          }`,
        options,
      );
    }
    this.#raw = copyBytes(bytes);
  }

  /** The imported key, if it is there without a wait. */
  get imported(): ImportedKey | undefined {
    return this.#imported;
  }

  /** Imports the key once, however many callers wait for it. */
  import(): Promise<ImportedKey> {
    return this.#importing ??= this.#import();
  }

  async #import(): Promise<ImportedKey> {
    const digest = await crypto.subtle.digest("SHA-256", this.#raw);
    const cryptoKey = await crypto.subtle.importKey(
      "raw",
      this.#raw,
      "AES-GCM",
      false,
      ["encrypt", "decrypt"],
    );
    // From here on WebCrypto holds the key, and one copy is enough.
    this.#raw.fill(0);
    const fingerprint = new Uint8Array(digest).toHex();
    return this.#imported = { cryptoKey, fingerprint };
  }
}
