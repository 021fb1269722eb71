import type { SessionReply } from "../session_backend.ts";

const encoder = new TextEncoder();
// A byte order mark is part of the line: it makes the line no JSON.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Whether a value is what JSON calls an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A value as a line of JSON.
 *
 * @throws {TypeError} If JSON has no such value.
 */
export function encodeLine(value: object): Uint8Array {
  return encoder.encode(`${JSON.stringify(value)}\n`);
}

/**
 * What a line says.
 *
 * @param line The line, without its newline.
 * @returns A JSON object, `blank`, or `undefined` for anything else.
 */
export function decodeLine(
  line: Uint8Array,
): SessionReply | "blank" | undefined {
  try {
    const text = decoder.decode(line);
    if (text.trim() === "") return "blank";
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch (error) {
    // TypeError: not UTF-8. SyntaxError: not JSON.
    if (error instanceof TypeError || error instanceof SyntaxError) return;
    throw error;
  }
}

/** The beginning of a line, for messages. */
export function quoteLine(line: Uint8Array): string {
  const text = new TextDecoder().decode(line.subarray(0, 100));
  return JSON.stringify(text) + (line.length > 100 ? "…" : "");
}
