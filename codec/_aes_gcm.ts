import type { ImportedKey } from "./_aes_key.ts";
import { unsharedBytes } from "./_bytes.ts";
import { quote } from "./_quote.ts";
import { rowError } from "./_row_error.ts";
import { encodeTextBriefly } from "./_text.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const TAG_BITS = 8 * TAG_BYTES;

/** What nonce and tag add to a text: no sealed part is shorter. */
export const SEALED_BYTES_MIN: number = NONCE_BYTES + TAG_BYTES;

/**
 * Encrypts as `nonce · ciphertext · tag`, after a header that stays in clear.
 *
 * The nonce is drawn anew for each call, in this one place, so that no code path
 * can use one twice. (Drawing many at once and handing them out is no faster.)
 *
 * @param plaintext Well-formed text.
 */
export async function seal(
  { cryptoKey }: ImportedKey,
  plaintext: string,
  additionalData: Uint8Array<ArrayBuffer>,
  header: Uint8Array,
): Promise<Uint8Array> {
  // WebCrypto copies its inputs before it returns the promise, so neither this
  // text nor the nonce needs memory of its own:
  // https://www.w3.org/TR/webcrypto-2/#SubtleCrypto-method-encrypt
  const text = encodeTextBriefly(plaintext);
  const sealedAt = header.length + NONCE_BYTES;
  const body = new Uint8Array(sealedAt + text.length + TAG_BYTES);
  body.set(header);
  const iv = body.subarray(header.length, sealedAt);
  crypto.getRandomValues(iv);
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData, tagLength: TAG_BITS },
    cryptoKey,
    text,
  );
  body.set(new Uint8Array(sealed), sealedAt);
  return body;
}

/** Where a sealed part came from, for the message of an error. */
export interface SealedOrigin {
  aad: Uint8Array;
  keyId?: string | undefined;
}

/** Decrypts `nonce · ciphertext · tag`, at least that long, or names the row. */
export async function open(
  { cryptoKey }: ImportedKey,
  sealed: Uint8Array,
  additionalData: Uint8Array<ArrayBuffer>,
  { aad, keyId }: SealedOrigin,
): Promise<ArrayBuffer> {
  const bytes = unsharedBytes(sealed);
  try {
    return await crypto.subtle.decrypt(
      {
        name: "AES-GCM",
        iv: bytes.subarray(0, NONCE_BYTES),
        additionalData,
        tagLength: TAG_BITS,
      },
      cryptoKey,
      bytes.subarray(NONCE_BYTES),
    );
  } catch (cause) {
    // WebCrypto says OperationError for a tag that does not fit and nothing
    // more; anything else is a fault of ours or of the runtime, not the row's.
    if (!(cause instanceof DOMException && cause.name === "OperationError")) {
      throw cause;
    }
    const key = keyId === undefined
      ? "the given key"
      : `the key ${quote(keyId)}`;
    throw rowError(
      "authentication_failed",
      `it does not authenticate under ${key}. Either the key is another one, ` +
        "or the blob, its key id, or the row's event_id, trace_id, task_id, " +
        "type or source was changed after writing",
      { action: "decode", aad, keyId, cause },
    );
  }
}

/** Refuses to work unbound: the additional data is what ties blob and row. */
export function assertBound(aad: Uint8Array): void {
  if (aad.length === 0) {
    throw new TypeError(
      "An encrypting codec needs the row's additional data, got no bytes; " +
        "make it with rowAad",
    );
  }
}

/** Says that a body is too short to hold what its version promises. */
export function tooShort(
  body: Uint8Array,
  bytesMin: number,
  { aad, keyId }: SealedOrigin,
): Error {
  return rowError(
    "truncated",
    `its body has ${body.length} bytes, and ${bytesMin} is the least that ` +
      "this version can have; the row was cut or damaged",
    { action: "decode", aad, keyId },
  );
}
