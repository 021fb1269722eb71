const QUOTE_LENGTH_MAX = 80;

/**
 * Shows text that may come from an edited file: short, on one line and without
 * characters that a terminal would act upon.
 */
export function quote(text: string): string {
  const shown = text.length > QUOTE_LENGTH_MAX
    ? `${text.slice(0, QUOTE_LENGTH_MAX)}…`
    : text;
  return JSON.stringify(shown).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
