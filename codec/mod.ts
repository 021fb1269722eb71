/**
 * What an event's text looks like at rest: plain, or encrypted and bound to its
 * row.
 *
 * A blob is one version byte and a codec's body. {@linkcode encodePayload}
 * writes one and {@linkcode decodePayload} reads it with whichever of the given
 * codecs has its version:
 *
 * | version | codec | body |
 * |---|---|---|
 * | 0 | {@linkcode IdentityCodec} | UTF-8 text |
 * | 1 | {@linkcode AesGcmCodec} | AES-256-GCM, one key |
 * | 2 | {@linkcode ManagedAesGcmCodec} | AES-256-GCM, keys with ids, from a {@linkcode KeyProvider} |
 *
 * Implement {@linkcode PayloadCodec} for another format. Importing this module
 * reads nothing and needs no permission; taking keys from the environment needs
 * `--allow-env=ZU_EVENT_KEY*`.
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
 * assertEquals(await decodePayload(blob, aad, [codec]), '{"a":1}');
 * ```
 *
 * @module
 */
export * from "./aes_gcm_codec.ts";
export * from "./codec_error.ts";
export * from "./decode_payload.ts";
export * from "./encode_payload.ts";
export * from "./env_key_provider.ts";
export * from "./identity_codec.ts";
export * from "./key_provider.ts";
export * from "./key_usage.ts";
export * from "./managed_aes_gcm_codec.ts";
export * from "./payload_codec.ts";
export * from "./row_aad.ts";
