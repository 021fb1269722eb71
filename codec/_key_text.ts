import { KEY_BYTES } from "./_aes_key.ts";

const HEX = /^[0-9A-Fa-f]{64}$/;
// 32 bytes are 43 digits and one "="; the last digit carries 4 bits, so that
// its lower two must be zero for the text to be the only one of its key.
const BASE64 = /^[0-9A-Za-z+/]{42}[AEIMQUYcgkosw048]=$/;

/**
 * Reads a key's text form: 64 hex digits of either case, or the standard
 * base64 (RFC 4648, section 4) of 32 bytes with its padding.
 *
 * Nothing else is taken: no white space, no url-safe digits, no missing
 * padding, no bits set behind the last byte.
 *
 * @returns The key's bytes, or undefined if the text is no such form.
 */
export function parseKeyText(text: string): Uint8Array | undefined {
  if (HEX.test(text)) return Uint8Array.fromHex(text);
  if (BASE64.test(text)) return Uint8Array.fromBase64(text);
  return undefined;
}

/** Describes text that is no key, without showing any of it. */
export function keyTextProblem(text: string): string {
  const hint = text.trim() !== text
    ? ", with white space around them"
    : /^[\w-]+=?$/.test(text) && /[_-]/.test(text)
    ? ", of the url-safe base64 alphabet"
    : "";
  return `must hold 64 hex digits or the padded base64 of ${KEY_BYTES} bytes, ` +
    `and holds ${text.length} characters${hint}`;
}
