import { decodeText, encodeText } from "./_text.ts";
import type { PayloadCodec } from "./payload_codec.ts";

/**
 * Version 0: the text itself, as UTF-8.
 *
 * Nothing is hidden and nothing is bound to the row, so a reader of the file
 * sees everything, and only the hash chain tells of an edit. {@linkcode
 * decodePayload} reads version 0 without being given this codec.
 *
 * @example
 * ```ts
 * import { encodePayload, IdentityCodec } from "@zu/backends/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const blob = await encodePayload(new IdentityCodec(), "{}");
 * assertEquals(blob, Uint8Array.of(0, 0x7b, 0x7d));
 * ```
 */
export class IdentityCodec implements PayloadCodec {
  /** Always 0. */
  readonly version: number = 0;

  /**
   * Encodes text as UTF-8.
   *
   * @param plaintext The text.
   * @param _aad Ignored.
   * @returns The text's bytes.
   * @throws {TypeError} If the text holds a lone surrogate.
   */
  encodeBody(plaintext: string, _aad?: Uint8Array): Uint8Array {
    return encodeText(plaintext);
  }

  /**
   * Decodes UTF-8.
   *
   * @param body The text's bytes.
   * @param aad Used to name the row in an error.
   * @returns The text.
   * @throws {CodecError} `truncated` if the bytes are not whole UTF-8.
   */
  decodeBody(body: Uint8Array, aad: Uint8Array = NO_AAD): string {
    return decodeText(body, aad);
  }
}

const NO_AAD = new Uint8Array();
