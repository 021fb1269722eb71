import { MalformedMessage, quoted } from "./malformed_message.ts";

/** A field of a message's head: its name as it was spelt, and its value. */
export type Header = readonly [name: string, value: string];

/** How many fields a head may have. */
export const HEADERS_MAX = 200;

/** A token of RFC 9110 (5.6.2), as part of a regular expression. */
export const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

const HEADER = new RegExp(`^(${TOKEN}):([^]*)$`);
/** What no line may have: any control character but the tab. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\0-\x08\n-\x1f\x7f]/;
/** How much of a line is shown before what is wrong in it. */
const CONTEXT_LENGTH = 40;
/** How many bytes become characters in one call, whose arguments are limited. */
const DECODE_BYTES = 8192;

/**
 * Bytes as text, a character a byte. A `TextDecoder` does not do that: what it
 * calls latin1 is windows-1252.
 */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += DECODE_BYTES) {
    text += String.fromCharCode(...bytes.subarray(at, at + DECODE_BYTES));
  }
  return text;
}

/**
 * Takes a head apart into its lines.
 *
 * @param bytes The head, with the empty line at its end.
 * @returns Its first line, and its fields.
 * @throws {MalformedMessage} If it does not end there and only there, or if it
 * has a line that ends otherwise, a control character or a bad or one field too
 * many.
 */
export function readHeadLines(
  bytes: Uint8Array,
): { first: string; headers: Header[] } {
  const text = latin1(bytes);
  if (!text.endsWith("\r\n\r\n")) {
    throw new MalformedMessage("The head does not end in an empty line");
  }
  const [first, ...lines] = text.slice(0, -4).split("\r\n");
  if (lines.length > HEADERS_MAX) {
    throw new MalformedMessage(
      `The head has ${lines.length} fields, and ${HEADERS_MAX} are allowed`,
    );
  }
  checkLine(first!);
  return { first: first!, headers: lines.map(readHeader) };
}

/**
 * Reads a field, of a head or of the trailers behind a body.
 *
 * @param line Its line, without the CRLF.
 * @throws {MalformedMessage} If it is none, or goes on from the line before it.
 */
export function readHeader(line: string): Header {
  checkLine(line);
  const parts = HEADER.exec(line);
  if (parts === null) {
    const why = /^[ \t]/.test(line)
      ? "begins with a blank, as if it went on from the line before it"
      : "does not begin with a name and a colon";
    throw new MalformedMessage(`The line ${quoted(line)} ${why}`);
  }
  return [parts[1]!, trimmed(parts[2]!)];
}

/** Text without the blanks around it, in a time that does not depend on them. */
function trimmed(text: string): string {
  const isBlank = (at: number) => text[at] === " " || text[at] === "\t";
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(start)) start++;
  while (end > start && isBlank(end - 1)) end--;
  return text.slice(start, end);
}

function checkLine(line: string): void {
  if (line === "") throw new MalformedMessage("The head has an empty line");
  const at = line.search(CONTROL);
  if (at === -1) return;
  const context = line.slice(Math.max(0, at - CONTEXT_LENGTH), at + 1);
  throw new MalformedMessage(
    `There is a control character at the end of ${quoted(context)}`,
  );
}

/** The values of all fields of that name, in any case. */
export function valuesOf(headers: readonly Header[], name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name)
    .map(([, value]) => value);
}

/**
 * A head as bytes. What is written is checked like what is read, so that no part
 * of it can begin a line, whoever made it.
 *
 * @param first The first line.
 * @param headers The fields.
 * @throws {MalformedMessage} If that would be no head.
 */
export function headBytes(
  first: string,
  headers: readonly Header[],
): Uint8Array {
  checkLine(first);
  for (const [name, value] of headers) {
    const [readName, readValue] = readHeader(`${name}: ${value}`);
    if (readName !== name || readValue !== value) {
      throw new MalformedMessage(`There is no field ${quoted(name)}`);
    }
  }
  const lines = [first, ...headers.map(([name, value]) => `${name}: ${value}`)];
  const text = `${lines.join("\r\n")}\r\n\r\n`;
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    if (code <= 0xff) return code;
    throw new MalformedMessage(`${quoted(character)} is no byte of a head`);
  });
}
