// What PostgreSQL's text cannot hold, and the literals of its arrays.

/** Escapes the two characters that need it; nothing else of the text changes. */
const ESCAPED = /[\0\x1f]/;

/**
 * Text as it is stored: PostgreSQL's has no U+0000, so that it becomes U+001F and a
 * 0, and U+001F itself becomes U+001F and a 1.
 */
export function toStored(text: string): string {
  if (!ESCAPED.test(text)) return text;
  return text.replaceAll("\x1f", "\x1f1").replaceAll("\0", "\x1f0");
}

/** Undoes {@linkcode toStored}. */
export function fromStored(text: string): string {
  if (!text.includes("\x1f")) return text;
  return text.replaceAll("\x1f0", "\0").replaceAll("\x1f1", "\x1f");
}

/** The literal of a `text[]`. */
export function textArray(items: readonly (string | null)[]): string {
  const quoted = items.map((item) =>
    item === null ? "NULL" : `"${item.replace(/[\\"]/g, "\\$&")}"`
  );
  return `{${quoted.join()}}`;
}

/** The literal of an array whose items need no quotes: numbers, ids. */
export function plainArray(items: readonly (string | number)[]): string {
  return `{${items.join()}}`;
}
