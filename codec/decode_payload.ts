import { assertBytes, kind } from "./_bytes.ts";
import { rowError } from "./_row_error.ts";
import { CodecError } from "./codec_error.ts";
import { IdentityCodec } from "./identity_codec.ts";
import type { PayloadCodec } from "./payload_codec.ts";

const identity = new IdentityCodec();

/**
 * Decodes a blob with whichever reader knows its version.
 *
 * Version 0 can always be read. Where several readers have the blob's version,
 * say two version 1 codecs while one key replaces another, they are tried in
 * order for as long as each fails with `authentication_failed` or
 * `unknown_key`; any other failure ends the attempt. If all fail, the code is
 * `authentication_failed` if one of them had a key and it did not fit, else
 * `unknown_key`, and the cause is an `AggregateError` of what each said.
 *
 * The version byte is not authenticated. Someone who can write to the file can
 * put a version 0 blob where an encrypted one was, and it will be read: that a
 * row is what was appended is for the hash chain and its signatures to say.
 *
 * @param blob The blob, as stored.
 * @param aad The additional data of the row that the blob was found in.
 * @param readers Every codec that may have written to this log.
 * @returns The text.
 * @throws {TypeError} If the blob or the additional data is no Uint8Array, or if
 * the codec returns something that is no string.
 * @throws {CodecError} `truncated` for a blob that is too short,
 * `unknown_version` if no reader has its version, or what the reader throws.
 *
 * @example Old rows stay readable after a change of version
 * ```ts
 * import {
 *   AesGcmCodec,
 *   decodePayload,
 *   encodePayload,
 *   IdentityCodec,
 *   rowAad,
 * } from "@zu/backends/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const aad = rowAad({
 *   event_id: "00000000-0000-4000-8000-000000000001",
 *   trace_id: "00000000-0000-4000-8000-0000000000aa",
 *   task_id: "00000000-0000-4000-8000-0000000000bb",
 *   type: "harness.started",
 *   source: "demo",
 * });
 * const old = await encodePayload(new IdentityCodec(), "old", aad);
 * const codec = new AesGcmCodec(crypto.getRandomValues(new Uint8Array(32)));
 * const now = await encodePayload(codec, "new", aad);
 *
 * assertEquals(await decodePayload(old, aad, [codec]), "old");
 * assertEquals(await decodePayload(now, aad, [codec]), "new");
 * ```
 */
export async function decodePayload(
  blob: Uint8Array,
  aad: Uint8Array,
  readers: Iterable<PayloadCodec>,
): Promise<string> {
  assertBytes(blob, "Cannot decode a payload: the blob");
  assertBytes(aad, "Cannot decode a payload: the additional data");
  const version = blob[0];
  if (version === undefined) {
    throw rowError("truncated", "it is empty, without even a version byte", {
      action: "decode",
      aad,
    });
  }
  const known = [...readers];
  const fitting = known.filter((reader) => reader.version === version);
  if (fitting.length === 0 && version === identity.version) {
    fitting.push(identity);
  }
  const [first] = fitting;
  if (first === undefined) throw unknownVersion(version, known, aad);
  const body = blob.subarray(1);
  if (fitting.length === 1) return await decodeWith(first, body, aad);
  return await decodeWithAny(fitting, body, aad);
}

async function decodeWith(
  reader: PayloadCodec,
  body: Uint8Array,
  aad: Uint8Array,
): Promise<string> {
  const text: unknown = await reader.decodeBody(body, aad);
  if (typeof text !== "string") {
    throw new TypeError(
      `Cannot decode a payload: the codec of version ${reader.version} must return a string, got ${
        kind(text)
      }`,
    );
  }
  return text;
}

async function decodeWithAny(
  readers: PayloadCodec[],
  body: Uint8Array,
  aad: Uint8Array,
): Promise<string> {
  const failures: CodecError[] = [];
  for (const reader of readers) {
    try {
      return await decodeWith(reader, body, aad);
    } catch (error) {
      if (!isKeyMismatch(error)) throw error;
      failures.push(error);
    }
  }
  // A key that was there and did not fit says more than one that was not.
  const telling = failures.find(({ code }) => code === "authentication_failed");
  throw rowError(
    telling === undefined ? "unknown_key" : "authentication_failed",
    `none of the ${failures.length} readers of its version could open it ` +
      `(${
        failures.map(({ code }) => code).join(", ")
      }); their errors are in the cause`,
    {
      action: "decode",
      aad,
      keyId: (telling ?? failures[0])?.keyId,
      cause: new AggregateError(failures),
    },
  );
}

function isKeyMismatch(error: unknown): error is CodecError {
  return error instanceof CodecError &&
    (error.code === "authentication_failed" || error.code === "unknown_key");
}

function unknownVersion(
  version: number,
  readers: PayloadCodec[],
  aad: Uint8Array,
): CodecError {
  const versions = new Set([identity.version]);
  for (const reader of readers) versions.add(reader.version);
  return rowError(
    "unknown_version",
    `it has version ${version}, and the readers at hand have ${
      [...versions].sort((a, b) => a - b).join(", ")
    }; add the codec that wrote it to the readers`,
    { action: "decode", aad },
  );
}
