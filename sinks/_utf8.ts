// A byte order mark is part of the text, which is to come back as it was.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** What a decoder that is not strict puts in the place of what is no UTF-8. */
const REPLACEMENT = "\u{FFFD}";

/**
 * Decodes UTF-8. The strict decoder takes three times as long, so that it only judges
 * texts in which something was replaced, or which had that character to begin with.
 *
 * @throws {TypeError} For what is no UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  return text.includes(REPLACEMENT) ? strict.decode(bytes) : text;
}
