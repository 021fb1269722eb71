/**
 * Names of files are bytes, and need not be UTF-8. As text, a byte that is none
 * is a lone surrogate, U+DC80 for 0x80 to U+DCFF for 0xFF, as Python does it
 * (PEP 383): such a name survives the way there and back.
 */

// Without ignoreBOM, a name that begins with U+FEFF would lose it.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Where the text for the byte 0 would be. */
const ESCAPED = 0xdc00;

function tryUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    // This is how a decoder says that the bytes are not UTF-8.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** How many bytes the character takes that begins with this one. */
function lengthFrom(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}

/**
 * The text of a name.
 *
 * @param bytes The name's bytes.
 * @returns Its text, in which each byte that is not UTF-8 is a lone surrogate.
 */
export function decodeName(bytes: Uint8Array): string {
  const whole = tryUtf8(bytes);
  if (whole !== undefined) return whole;
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = lengthFrom(bytes[at]!);
    const character = tryUtf8(bytes.subarray(at, at + length));
    text += character ?? String.fromCharCode(ESCAPED + bytes[at]!);
    at += character === undefined ? 1 : length;
  }
  return text;
}

/**
 * The bytes of a name.
 *
 * @param text The name's text, as of `decodeName`.
 * @returns Its bytes, or undefined if a lone surrogate stands for none.
 */
export function encodeName(
  text: string,
): Uint8Array<ArrayBuffer> | undefined {
  if (text.isWellFormed()) return encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (character.isWellFormed()) bytes.push(...encoder.encode(character));
    else if (code >= ESCAPED + 0x80 && code <= ESCAPED + 0xff) {
      bytes.push(code - ESCAPED);
    } else return undefined;
  }
  return Uint8Array.from(bytes);
}
