// What PostgreSQL's text cannot hold, and the literals of its arrays and bytes.

/**
 * Text as it is stored: PostgreSQL's has no U+0000, so that it becomes U+001F and a
 * 0, and U+001F itself becomes U+001F and a 1.
 */
export function toStored(text: string): string {
  if (!text.includes("\0") && !text.includes("\x1f")) return text;
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

/**
 * The literal of a `bytea`. npm:postgres would make one as well, and where it has to
 * prepare a statement again, one of that: what is stored then is not what was meant.
 */
export function byteText(bytes: Uint8Array): string {
  return `\\x${bytes.toHex()}`;
}
