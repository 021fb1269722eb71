const encoder = new TextEncoder();

/**
 * A text as C wants it.
 *
 * @throws {TypeError} If the text holds a NUL, at which C would cut it.
 */
export function toCString(text: string, what: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new TypeError(
      `Cannot pass ${what} to SQLite: it holds a NUL character at index ` +
        `${text.indexOf("\0")}, where SQLite would stop reading; remove it`,
    );
  }
  return encoder.encode(`${text}\0`);
}

/** The text at a pointer that C ended with a NUL; of no pointer, the empty. */
export function readCString(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}
