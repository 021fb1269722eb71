import {
  assertBound,
  open,
  seal,
  SEALED_BYTES_MIN,
  tooShort,
} from "./_aes_gcm.ts";
import type { ImportedKey } from "./_aes_key.ts";
import { KeyCounter } from "./_key_counter.ts";
import { keyIdHeader } from "./_key_id.ts";
import { KeyRing } from "./_key_ring.ts";
import { quote } from "./_quote.ts";
import { rowError, type RowErrorDetails } from "./_row_error.ts";
import { assertText, decodeText } from "./_text.ts";
import { CodecError } from "./codec_error.ts";
import { EnvKeyProvider } from "./env_key_provider.ts";
import type { KeyProvider } from "./key_provider.ts";
import type { KeyUsageOptions } from "./key_usage.ts";
import type { PayloadCodec } from "./payload_codec.ts";

const KEY_CACHE_MAX_DEFAULT = 64;
const KEY_PATIENCE_MS_DEFAULT = 10_000;

/** Options of {@linkcode ManagedAesGcmCodec}. */
export interface ManagedAesGcmCodecOptions extends KeyUsageOptions {
  /**
   * How many keys to keep ready; the one that was not used for longest is
   * dropped first, and asked for again when needed.
   *
   * @default {64}
   */
  keyCacheMax?: number;
  /**
   * After how long the provider is asked anew for a key that it has been asked
   * for and has not given, in milliseconds. Those who wait go on waiting.
   *
   * @default {10_000}
   */
  keyPatienceMs?: number;
}

/**
 * Version 2: AES-256-GCM with keys that have ids, so that they can be rotated.
 *
 * The body is `kid length(1) · kid · nonce(12) · ciphertext · tag(16)`, bound to
 * the row and to the key id. New blobs use the provider's current key, old ones
 * the key that they name. Key ids are in clear in the file; for what else is,
 * see {@linkcode AesGcmCodec}.
 *
 * A codec without a usable current key is not made: the provider is asked for it
 * at once. One that answers with a promise can only fail later, so make its
 * codec with {@linkcode ManagedAesGcmCodec.open}, which waits for the answer.
 *
 * @example Rotation
 * ```ts
 * import {
 *   decodePayload,
 *   encodePayload,
 *   type KeyProvider,
 *   ManagedAesGcmCodec,
 * } from "@zu/backends/codec";
 * import { assertEquals } from "@std/assert";
 *
 * class Keys implements KeyProvider {
 *   currentKeyId = "2025";
 *   #keys = new Map([
 *     ["2025", crypto.getRandomValues(new Uint8Array(32))],
 *     ["2026", crypto.getRandomValues(new Uint8Array(32))],
 *   ]);
 *   key(id: string): Uint8Array {
 *     const key = this.#keys.get(id);
 *     if (key === undefined) throw new Error(`no key ${id}`);
 *     return key;
 *   }
 * }
 *
 * const keys = new Keys();
 * const codec = new ManagedAesGcmCodec(keys);
 * const aad = new TextEncoder().encode("row 1");
 * const old = await encodePayload(codec, "secret", aad);
 * keys.currentKeyId = "2026";
 * assertEquals(await decodePayload(old, aad, [codec]), "secret");
 * ```
 */
export class ManagedAesGcmCodec implements PayloadCodec {
  /** Always 2. */
  readonly version: number = 2;
  readonly #ring: KeyRing;
  readonly #counter: KeyCounter;
  #header: { keyId: string; bytes: Uint8Array } | undefined;

  /**
   * Makes a codec on a provider, and asks it for its current key.
   *
   * @param keys Where keys come from.
   * @param options How the number of blobs is watched, how many keys are kept.
   * @throws {CodecError} `bad_key` if the current key or its id cannot be used,
   * `unknown_key` if the provider does not have it. If it answers with a
   * promise, this surfaces at the first encoding instead.
   * @throws {TypeError} If the current key id is no string.
   * @throws {RangeError} If a number among the options is out of range.
   */
  constructor(keys: KeyProvider, options: ManagedAesGcmCodecOptions = {}) {
    this.#ring = new KeyRing(
      keys,
      options.keyCacheMax ?? KEY_CACHE_MAX_DEFAULT,
      options.keyPatienceMs ?? KEY_PATIENCE_MS_DEFAULT,
    );
    this.#counter = new KeyCounter(this.version, options);
    const current = this.#ring.currentKeyId;
    const requested = this.#ring.request(current);
    if (requested instanceof Promise) {
      // Nobody waits for it yet. Whoever needs the key will: on this request if
      // it is still under way, on another one if it has failed.
      requested.catch(() => {});
    }
    this.#counter.note(options.encryptedBefore ?? 0, current);
  }

  /**
   * Makes a codec on a provider that may answer with promises, once the current
   * key has arrived and was found usable.
   *
   * @param keys Where keys come from.
   * @param options As for the constructor.
   * @returns The codec.
   * @throws As the constructor.
   *
   * @example
   * ```ts
   * import { CodecError, ManagedAesGcmCodec } from "@zu/backends/codec";
   * import { assertRejects } from "@std/assert";
   *
   * const keys = {
   *   currentKeyId: "a",
   *   key: () => Promise.resolve(new Uint8Array(31)),
   * };
   * await assertRejects(() => ManagedAesGcmCodec.open(keys), CodecError, "31");
   * ```
   */
  static async open(
    keys: KeyProvider,
    options: ManagedAesGcmCodecOptions = {},
  ): Promise<ManagedAesGcmCodec> {
    const codec = new ManagedAesGcmCodec(keys, options);
    await codec.#ring.import(codec.#ring.currentKeyId);
    return codec;
  }

  /**
   * Makes a codec on the environment's keys, see {@linkcode EnvKeyProvider}.
   *
   * Needs `--allow-env=ZU_EVENT_KEY*`.
   *
   * @param options As for the constructor.
   * @returns The codec.
   * @throws {CodecError} `unknown_key` if the current key's variable is unset,
   * empty or may not be read, `bad_key` if it does not hold a key, or if the
   * current id cannot be used; the message names the variable.
   *
   * @example
   * ```ts
   * import { ManagedAesGcmCodec } from "@zu/backends/codec";
   * import { assertEquals } from "@std/assert";
   *
   * Deno.env.set("ZU_EVENT_KEY_ID", "2026");
   * Deno.env.set("ZU_EVENT_KEY_2026", "00".repeat(32));
   * assertEquals(ManagedAesGcmCodec.fromEnv().version, 2);
   * ```
   */
  static fromEnv(options: ManagedAesGcmCodecOptions = {}): ManagedAesGcmCodec {
    return new ManagedAesGcmCodec(new EnvKeyProvider(), options);
  }

  /**
   * Tells that a key has encrypted at least this many blobs, as a sink may know
   * from the rows it holds. A lower number than is known changes nothing.
   *
   * @param blobs How many blobs.
   * @param keyId Whose count it is.
   * @default The provider's current key.
   * @throws {RangeError} If `blobs` is no integer from 0.
   */
  noteEncrypted(blobs: number, keyId: string = this.#ring.currentKeyId): void {
    this.#counter.note(blobs, keyId);
  }

  /**
   * Encrypts a text with the current key.
   *
   * @param plaintext The text.
   * @param aad The row's additional data, which must not be empty.
   * @returns `kid length · kid · nonce · ciphertext · tag`.
   * @throws {TypeError} If the text holds a lone surrogate, or the additional
   * data is empty.
   * @throws {CodecError} `unknown_key` or `bad_key` if the provider does not
   * give the current key or gives no key, `key_exhausted` once the key has
   * encrypted {@linkcode KEY_BLOBS_MAX} blobs.
   */
  async encodeBody(plaintext: string, aad: Uint8Array): Promise<Uint8Array> {
    assertBound(aad);
    assertText(plaintext);
    const keyId = this.#ring.currentKeyId;
    const header = this.#headerOf(keyId);
    const key = this.#ring.imported(keyId) ??
      await this.#import(keyId, { action: "encode", aad });
    this.#counter.take(key.fingerprint, keyId, aad);
    return await seal(key, plaintext, bind(aad, header), header);
  }

  /**
   * Decrypts a body with the key that it names.
   *
   * @param body `kid length · kid · nonce · ciphertext · tag`.
   * @param aad The additional data of the row that it was found in.
   * @returns The text.
   * @throws {TypeError} If the additional data is empty.
   * @throws {CodecError} `unknown_key` or `bad_key` if the provider does not
   * give the key that it names or gives no key; `authentication_failed` if body,
   * row, key id or key is another one; `truncated` if the body is too short or
   * its text is not UTF-8.
   */
  async decodeBody(body: Uint8Array, aad: Uint8Array): Promise<string> {
    assertBound(aad);
    const headerLength = 1 + (body[0] ?? 0);
    const bytesMin = Math.max(headerLength, 2) + SEALED_BYTES_MIN;
    if (headerLength === 1 || body.length < bytesMin) {
      throw tooShort(body, bytesMin, { aad });
    }
    const header = body.subarray(0, headerLength);
    const keyId = decodeKeyId(header.subarray(1), aad);
    const key = this.#ring.imported(keyId) ??
      await this.#import(keyId, { action: "decode", aad });
    const sealed = body.subarray(headerLength);
    const text = await open(key, sealed, bind(aad, header), { aad, keyId });
    return decodeText(text, aad, keyId);
  }

  /** The id as blobs hold it; kept, since it is the same for most of them. */
  #headerOf(keyId: string): Uint8Array {
    if (this.#header?.keyId !== keyId) {
      this.#header = { keyId, bytes: keyIdHeader(keyId, "the key provider") };
    }
    return this.#header.bytes;
  }

  async #import(keyId: string, row: RowErrorDetails): Promise<ImportedKey> {
    try {
      return await this.#ring.import(keyId);
    } catch (cause) {
      if (!(cause instanceof CodecError)) throw cause;
      throw rowError(
        cause.code,
        `its key is not at hand. ${cause.message}`,
        { ...row, keyId, cause },
      );
    }
  }
}

/** Row AAD · kid length · kid. */
function bind(aad: Uint8Array, header: Uint8Array): Uint8Array<ArrayBuffer> {
  const additionalData = new Uint8Array(aad.length + header.length);
  additionalData.set(aad);
  additionalData.set(header, aad.length);
  return additionalData;
}

const keyIdDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeKeyId(bytes: Uint8Array, aad: Uint8Array): string {
  try {
    return keyIdDecoder.decode(bytes);
  } catch (cause) {
    throw rowError(
      "unknown_key",
      `its key id is not UTF-8 (${
        quote(bytes.toHex())
      } in hex), so no key has ` +
        "it; the blob was changed after writing",
      { action: "decode", aad, cause },
    );
  }
}
