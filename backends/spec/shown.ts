const SHOWN_LENGTH_MAX = 80;

/**
 * A value as an error message shows it: short, on one line, and without
 * characters that a terminal would act upon. What is inside an object is not
 * shown, since looking at it may run code of whoever made it.
 */
export function shown(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "function") return "a function";
  return String(value);
}

function quoted(text: string): string {
  const short = text.length > SHOWN_LENGTH_MAX
    ? `${text.slice(0, SHOWN_LENGTH_MAX)}…`
    : text;
  return JSON.stringify(short).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

const LIST_LENGTH_MAX = 12;

/** A list as an error message shows it: its first entries, and how many more. */
export function shownList(entries: readonly string[]): string {
  if (entries.length === 0) return "nothing";
  const more = entries.length - LIST_LENGTH_MAX;
  const first = entries.slice(0, LIST_LENGTH_MAX).join(", ");
  return more > 0 ? `${first} and ${more} more` : first;
}
