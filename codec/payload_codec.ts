/**
 * How an event's text becomes the bytes of a row at rest, and comes back.
 *
 * A blob is one version byte followed by the codec's body; {@linkcode
 * encodePayload} and {@linkcode decodePayload} deal with the version byte, a
 * codec with the body. Versions 0 to 2 are taken by this package's formats; use
 * another for a codec of your own, and run `testPayloadCodec` of
 * `@zu/backends/testing` on it.
 *
 * What every codec must do:
 *
 * - decode what it encoded, to the same text, code unit by code unit;
 * - refuse text that UTF-8 cannot hold (a lone surrogate) with a `TypeError`;
 * - leave its arguments as they are, and let go of them when it is done (the
 *   caller leaves them alone until then);
 * - return bytes that nothing else refers to;
 * - allow any number of calls at once;
 * - fail on a body that it cannot have written with a {@linkcode CodecError},
 *   never with a guess at the text, and work on afterwards.
 *
 * Where codecs may differ: whether a body is bound to `aad` and to a key
 * (authenticated), whether equal texts give equal bodies, and whether the
 * methods answer at once or with a promise.
 */
export interface PayloadCodec {
  /**
   * The first byte of every blob of this codec, an integer from 0 to 255.
   *
   * It stands for the body's layout for as long as blobs exist: a codec whose
   * layout changes takes a new version.
   */
  readonly version: number;

  /**
   * Encodes one text.
   *
   * @param plaintext The event's text; well-formed, of any length.
   * @param aad The row's additional data, see {@linkcode rowAad}. A codec that
   * authenticates binds the body to it; another one ignores it.
   * @returns The blob without its version byte.
   * @throws {TypeError} If the text holds a lone surrogate.
   * @throws {CodecError} If the codec has no usable key for it, with the code
   * `unknown_key`, `bad_key` or `key_exhausted`.
   */
  encodeBody(
    plaintext: string,
    aad: Uint8Array,
  ): Uint8Array | Promise<Uint8Array>;

  /**
   * Decodes one body.
   *
   * @param body The blob without its version byte. It comes from a file that
   * someone may have edited, so nothing in it can be trusted.
   * @param aad The additional data that the body was encoded with.
   * @returns The text.
   * @throws {CodecError} If the body is not one that this codec wrote for this
   * row; the message names the row and, where there is one, the key id.
   */
  decodeBody(body: Uint8Array, aad: Uint8Array): string | Promise<string>;
}
