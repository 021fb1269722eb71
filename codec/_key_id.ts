import { CodecError } from "./codec_error.ts";
import { kind } from "./_bytes.ts";

/** What one byte of length can say. */
const KEY_ID_BYTES_MAX = 255;

const encoder = new TextEncoder();

/**
 * Checks a key's id and gives its form in a blob: one byte of length, then the
 * id's UTF-8.
 *
 * @param where What gave the id, for the message of an error.
 */
export function keyIdHeader(
  id: unknown,
  where: string,
): Uint8Array<ArrayBuffer> {
  if (typeof id !== "string") {
    throw new TypeError(
      `Cannot use the key id of ${where}: it must be a string, got ${kind(id)}`,
    );
  }
  const bytes = encoder.encode(id);
  const problem = bytes.length === 0
    ? "it is empty"
    : bytes.length > KEY_ID_BYTES_MAX
    ? `it is ${bytes.length} bytes long`
    : id.isWellFormed()
    ? undefined
    : "it holds a lone surrogate";
  if (problem !== undefined) {
    throw new CodecError(
      "bad_key",
      `Cannot use the key id of ${where}: ${problem}, and must be 1 to ` +
        `${KEY_ID_BYTES_MAX} bytes of UTF-8`,
    );
  }
  const header = new Uint8Array(1 + bytes.length);
  header[0] = bytes.length;
  header.set(bytes, 1);
  return header;
}
