import { assertBytes } from "./_bytes.ts";
import { assertText } from "./_text.ts";
import type { PayloadCodec } from "./payload_codec.ts";

const NO_AAD = new Uint8Array();
const VERSION_MAX = 255;

/**
 * Encodes a text as a blob: the codec's version byte, then its body.
 *
 * @param codec The codec to write with.
 * @param plaintext The event's text.
 * @param aad The row's additional data, see {@linkcode rowAad}. May be left out
 * only for a codec that ignores it, such as {@linkcode IdentityCodec}; those
 * that authenticate refuse to work without. Defaults to no bytes.
 * @returns The blob, in memory of its own.
 * @throws {TypeError} If the text is no string or holds a lone surrogate, if the
 * additional data is missing or no Uint8Array, if the codec's version is not an
 * integer from 0 to 255, or if it returns a body that is no Uint8Array.
 * @throws {CodecError} What the codec throws, passed on as it is.
 *
 * @example
 * ```ts
 * import {
 *   AesGcmCodec,
 *   decodePayload,
 *   encodePayload,
 *   rowAad,
 * } from "@zu/backends/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = new AesGcmCodec(crypto.getRandomValues(new Uint8Array(32)));
 * const aad = rowAad({
 *   event_id: "00000000-0000-4000-8000-000000000001",
 *   trace_id: "00000000-0000-4000-8000-0000000000aa",
 *   task_id: "00000000-0000-4000-8000-0000000000bb",
 *   type: "harness.started",
 *   source: "demo",
 * });
 * const blob = await encodePayload(codec, '{"a":1}', aad);
 * assertEquals(blob[0], 1);
 * assertEquals(await decodePayload(blob, aad, [codec]), '{"a":1}');
 * ```
 */
export async function encodePayload(
  codec: PayloadCodec,
  plaintext: string,
  aad: Uint8Array = NO_AAD,
): Promise<Uint8Array<ArrayBuffer>> {
  const { version } = codec;
  if (!Number.isInteger(version) || version < 0 || version > VERSION_MAX) {
    throw new TypeError(
      `Cannot encode a payload: the codec's version must be an integer from 0 to ${VERSION_MAX}, got ${version}`,
    );
  }
  assertText(plaintext);
  assertBytes(aad, "Cannot encode a payload: the additional data");
  const body: unknown = await codec.encodeBody(plaintext, aad);
  assertBytes(
    body,
    `Cannot encode a payload: the body that the codec of version ${version} returns`,
  );
  const blob = new Uint8Array(1 + body.length);
  blob[0] = version;
  blob.set(body, 1);
  return blob;
}
