/**
 * Refuses what is not a Uint8Array, for callers without a type checker.
 *
 * @param value What was given.
 * @param what Its name in the message, "blob".
 */
export function assertBytes(
  value: unknown,
  what: string,
): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new TypeError(`${what} must be a Uint8Array, got ${kind(value)}`);
  }
}

/**
 * Copies bytes into memory of their own.
 *
 * It does not use `slice`, which makes another view of the same memory when the
 * bytes are a Node Buffer.
 */
export function copyBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/**
 * Makes bytes acceptable to WebCrypto, which refuses views of shared memory.
 *
 * @returns The same bytes, or a copy if they are shared with another thread.
 */
export function unsharedBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? bytes as Uint8Array<ArrayBuffer>
    : copyBytes(bytes);
}

/** Names a value's kind for a message, without showing the value. */
export function kind(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return value.constructor?.name || "an object";
}
