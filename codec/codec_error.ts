/**
 * What went wrong with a blob or a key, for code that branches on it:
 *
 * - `bad_key`: a key, or a key's id, cannot be used as given: not 32 bytes, not
 *   a key's text form, an id that is empty or too long.
 * - `unknown_version`: no reader at hand knows the blob's version byte.
 * - `unknown_key`: the provider has no key of this id, or failed to give it
 *   (then its own error is the `cause`).
 * - `authentication_failed`: the key is another one, or the blob, its row's
 *   columns or its key id were changed after writing.
 * - `truncated`: the blob does not hold what its version byte promises: bytes
 *   are missing, or its text is not whole UTF-8.
 * - `key_exhausted`: the key has encrypted as many blobs as is safe.
 */
export type CodecErrorCode =
  | "bad_key"
  | "unknown_version"
  | "unknown_key"
  | "authentication_failed"
  | "truncated"
  | "key_exhausted";

/** What a {@linkcode CodecError} is about, beside its code and message. */
export interface CodecErrorOptions extends ErrorOptions {
  /**
   * The event whose blob it was, where the additional data named one.
   *
   * @default {undefined}
   */
  event_id?: string | undefined;
  /**
   * The id of the key that was involved, where the blob or provider named one.
   *
   * @default {undefined}
   */
  keyId?: string | undefined;
}

/**
 * The error of everything in this folder that a caller may want to catch.
 *
 * Branch on `code`, which is stable; the message is for people. It never holds
 * key bytes. What lies beneath, if anything, is in `cause`.
 *
 * @example A flipped bit is found, and the row is named
 * ```ts
 * import {
 *   AesGcmCodec,
 *   CodecError,
 *   decodePayload,
 *   encodePayload,
 *   rowAad,
 * } from "@zu/backends/codec";
 * import { assert, assertEquals, assertRejects } from "@std/assert";
 *
 * const codec = new AesGcmCodec(crypto.getRandomValues(new Uint8Array(32)));
 * const aad = rowAad({
 *   event_id: "00000000-0000-4000-8000-000000000001",
 *   trace_id: "00000000-0000-4000-8000-0000000000aa",
 *   task_id: "00000000-0000-4000-8000-0000000000bb",
 *   type: "harness.started",
 *   source: "demo",
 * });
 * const blob = await encodePayload(codec, "{}", aad);
 * blob[20]! ^= 1;
 *
 * const error = await assertRejects(
 *   () => decodePayload(blob, aad, [codec]),
 *   CodecError,
 * );
 * assertEquals(error.code, "authentication_failed");
 * assert(error.event_id?.endsWith("0001"));
 * ```
 */
export class CodecError extends Error {
  /** Always `"CodecError"`. */
  override readonly name: string = "CodecError";
  /** What went wrong, in a word that does not change between releases. */
  readonly code: CodecErrorCode;
  /** The event whose blob it was, if known. */
  readonly event_id: string | undefined;
  /** The id of the key that was involved, if known. */
  readonly keyId: string | undefined;

  /**
   * Makes an error with a stable code.
   *
   * @param code What went wrong.
   * @param message What was tried, what was found and what to do.
   * @param options The row, the key id and the cause, as far as known.
   */
  constructor(
    code: CodecErrorCode,
    message: string,
    options: CodecErrorOptions = {},
  ) {
    const { event_id, keyId, ...rest } = options;
    super(message, rest);
    this.code = code;
    this.event_id = event_id;
    this.keyId = keyId;
  }
}
