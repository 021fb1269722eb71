import {
  assertBound,
  open,
  seal,
  SEALED_BYTES_MIN,
  tooShort,
} from "./_aes_gcm.ts";
import { AesKey } from "./_aes_key.ts";
import { assertBytes, unsharedBytes } from "./_bytes.ts";
import { ENV_KEY, keyFromEnv } from "./_env.ts";
import { KeyCounter } from "./_key_counter.ts";
import { assertText, decodeText } from "./_text.ts";
import type { KeyUsageOptions } from "./key_usage.ts";
import type { PayloadCodec } from "./payload_codec.ts";

const NO_HEADER = new Uint8Array();

/**
 * Version 1: AES-256-GCM with one key.
 *
 * The body is `nonce(12) · ciphertext · tag(16)`, bound to the row through its
 * additional data. It does not name its key: to change keys, list a codec for
 * each among the readers, or use {@linkcode ManagedAesGcmCodec}.
 *
 * What stays in clear in the file: the row's index columns, the length of the
 * text and the time of writing. What GCM cannot see: a row that was removed, put
 * back or replaced by an older blob of the same row; the hash chain does.
 *
 * @example
 * ```ts
 * import { AesGcmCodec, decodePayload, encodePayload } from "@zu/backends/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = new AesGcmCodec(crypto.getRandomValues(new Uint8Array(32)));
 * const aad = new TextEncoder().encode("row 1");
 * const blob = await encodePayload(codec, "secret", aad);
 * assertEquals(await decodePayload(blob, aad, [codec]), "secret");
 * ```
 */
export class AesGcmCodec implements PayloadCodec {
  /** Always 1. */
  readonly version: number = 1;
  readonly #key: AesKey;
  readonly #counter: KeyCounter;

  /**
   * Makes a codec for one key.
   *
   * @param key The key, 32 bytes. It is copied, so the caller may wipe its own.
   * @param options How the number of blobs is watched.
   * @throws {TypeError} If the key is no Uint8Array.
   * @throws {CodecError} `bad_key` if the key is not 32 bytes long.
   * @throws {RangeError} If a count among the options is no integer from 0.
   */
  constructor(key: Uint8Array, options: KeyUsageOptions = {}) {
    assertBytes(key, "Cannot make an AesGcmCodec: the key");
    this.#key = new AesKey(key, "was passed to AesGcmCodec");
    this.#counter = new KeyCounter(this.version, options);
    this.noteEncrypted(options.encryptedBefore ?? 0);
  }

  /**
   * Makes a codec for the key in an environment variable.
   *
   * Needs `--allow-env=` with the variable's name, and reads no other. The value
   * is 64 hex digits or the base64 of 32 bytes, as {@linkcode EnvKeyProvider}
   * describes.
   *
   * @param name The variable's name.
   * @default {"ZU_EVENT_KEY"}
   * @param options How the number of blobs is watched.
   * @returns The codec.
   * @throws {CodecError} `bad_key` if the variable is unset or empty, is not a
   * key's text, or may not be read; the message names it.
   *
   * @example
   * ```ts
   * import { AesGcmCodec } from "@zu/backends/codec";
   * import { assertEquals } from "@std/assert";
   *
   * Deno.env.set("ZU_EVENT_KEY", "00".repeat(32));
   * const codec = AesGcmCodec.fromEnv();
   * assertEquals(codec.version, 1);
   * ```
   */
  static fromEnv(
    name: string = ENV_KEY,
    options: KeyUsageOptions = {},
  ): AesGcmCodec {
    return new AesGcmCodec(keyFromEnv(name), options);
  }

  /**
   * Tells that the key has encrypted at least this many blobs, as a sink may
   * know from the rows it holds. A lower number than is known changes nothing.
   *
   * @param blobs How many blobs.
   * @throws {RangeError} If it is no integer from 0.
   */
  noteEncrypted(blobs: number): void {
    this.#counter.note(blobs, undefined);
  }

  /**
   * Encrypts a text.
   *
   * @param plaintext The text.
   * @param aad The row's additional data, which must not be empty.
   * @returns `nonce · ciphertext · tag`.
   * @throws {TypeError} If the text holds a lone surrogate, or the additional
   * data is empty.
   * @throws {CodecError} `key_exhausted` once the key has encrypted {@linkcode
   * KEY_BLOBS_MAX} blobs.
   */
  async encodeBody(plaintext: string, aad: Uint8Array): Promise<Uint8Array> {
    assertBound(aad);
    assertText(plaintext);
    const key = this.#key.imported ?? await this.#key.import();
    this.#counter.take(key.fingerprint, undefined, aad);
    return await seal(key, plaintext, unsharedBytes(aad), NO_HEADER);
  }

  /**
   * Decrypts a body.
   *
   * @param body `nonce · ciphertext · tag`.
   * @param aad The additional data of the row that it was found in.
   * @returns The text.
   * @throws {TypeError} If the additional data is empty.
   * @throws {CodecError} `authentication_failed` if body, row or key is another
   * one, `truncated` if the body is too short or its text is not UTF-8.
   */
  async decodeBody(body: Uint8Array, aad: Uint8Array): Promise<string> {
    assertBound(aad);
    if (body.length < SEALED_BYTES_MIN) {
      throw tooShort(body, SEALED_BYTES_MIN, { aad });
    }
    const key = this.#key.imported ?? await this.#key.import();
    const text = await open(key, body, unsharedBytes(aad), { aad });
    return decodeText(text, aad);
  }
}
