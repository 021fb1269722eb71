/** How a value is written in the message of a failed assertion. */
export function format(value: unknown): string {
  return Deno.inspect(value, {
    colors: false,
    compact: false,
    depth: Infinity,
    // Getters are part of what is compared, so their values are shown.
    getters: true,
    iterableLimit: Infinity,
    // Two equal objects are written alike whatever the order of their keys.
    sorted: true,
    strAbbreviateSize: Infinity,
    trailingComma: true,
  });
}

/** The end of a message: the caller's own text, or a full stop. */
export function suffix(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}
