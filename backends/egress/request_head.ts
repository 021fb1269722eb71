import { type Header, readHeadLines, TOKEN } from "./head_lines.ts";
import { MalformedMessage, quoted } from "./malformed_message.ts";

export { type Header, MalformedMessage };

/** What a request says before its body. */
export interface RequestHead {
  /** The method, as it was spelt: methods differ by case. */
  readonly method: string;
  /** What is asked for, in any form: printable ASCII without a blank. */
  readonly target: string;
  /** The version of HTTP. */
  readonly version: "1.0" | "1.1";
  /** The fields, in order. */
  readonly headers: readonly Header[];
}

const METHOD_LENGTH_MAX = 32;
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([!-~]+) HTTP/(1\\.[01])$`);
const CR = 13;
const LF = 10;

/**
 * Finds the end of a message's head.
 *
 * @param bytes What has come so far.
 * @param from Where to begin: three before what is new, when the rest has been
 * looked at.
 * @default {0}
 * @returns The index behind the first empty line, or -1.
 */
export function headEnd(bytes: Uint8Array, from = 0): number {
  let at = bytes.indexOf(CR, Math.max(0, from));
  while (at !== -1) {
    const isEnd = bytes[at + 1] === LF && bytes[at + 2] === CR &&
      bytes[at + 3] === LF;
    if (isEnd) return at + 4;
    at = bytes.indexOf(CR, at + 1);
  }
  return -1;
}

/**
 * Reads a request's head, without guessing at what it may have meant: two readers
 * that guess differently are how a request is smuggled past a proxy.
 *
 * @param bytes The head, with the empty line at its end.
 * @throws {MalformedMessage} If RFC 9112 has no such head, or does not want it
 * sent.
 */
export function parseRequestHead(bytes: Uint8Array): RequestHead {
  const { first, headers } = readHeadLines(bytes);
  const parts = REQUEST_LINE.exec(first);
  if (parts === null) {
    throw new MalformedMessage(
      `The request line is ${
        quoted(first)
      }, but it must be a method, a target ` +
        "and HTTP/1.1 or HTTP/1.0, with a space between them",
    );
  }
  const [, method, target, version] = parts;
  if (method!.length > METHOD_LENGTH_MAX) {
    throw new MalformedMessage(
      `The method ${quoted(method!)} has ${method!.length} characters, and ` +
        `${METHOD_LENGTH_MAX} are allowed`,
    );
  }
  return {
    method: method!,
    target: target!,
    version: version === "1.0" ? "1.0" : "1.1",
    headers,
  };
}
