const QUOTED_LENGTH_MAX = 80;

/** HTTP that a strict reader does not take, since others might read it otherwise. */
export class MalformedMessage extends Error {
  /** The class's name. */
  override readonly name = "MalformedMessage";
}

/**
 * Text of a stranger as a message shows it: short, on one line, in quotes, and of
 * printable ASCII alone.
 */
export function quoted(text: string): string {
  const short = text.length > QUOTED_LENGTH_MAX
    ? `${text.slice(0, QUOTED_LENGTH_MAX)}...`
    : text;
  const escaped = short.replace(
    /["\\]|[^ -~]/g,
    (character) =>
      character === '"' || character === "\\"
        ? `\\${character}`
        : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `"${escaped}"`;
}
