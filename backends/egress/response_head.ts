import { type Header, readHeadLines } from "./head_lines.ts";
import { MalformedMessage, quoted } from "./malformed_message.ts";

/** What a response says before its body. */
export interface ResponseHead {
  /** The version of HTTP. */
  readonly version: "1.0" | "1.1";
  /** The status, from 100 to 599. */
  readonly status: number;
  /** What the status means, in the server's words; may be empty. */
  readonly reason: string;
  /** The fields, in order. */
  readonly headers: readonly Header[];
}

// Servers leave out the space before an empty reason, though it should be there.
const STATUS_LINE = /^HTTP\/(1\.[01]) ([1-5][0-9]{2})(?: ([^]*))?$/;

/**
 * Reads a response's head, as strictly as a request's.
 *
 * @param bytes The head, with the empty line at its end.
 * @throws {MalformedMessage} If RFC 9112 has no such head, or does not want it
 * sent.
 */
export function parseResponseHead(bytes: Uint8Array): ResponseHead {
  const { first, headers } = readHeadLines(bytes);
  const parts = STATUS_LINE.exec(first);
  if (parts === null) {
    throw new MalformedMessage(
      `The status line is ${quoted(first)}, but it must be HTTP/1.1 or ` +
        "HTTP/1.0, a status from 100 to 599 and a reason, with a space between",
    );
  }
  const [, version, status, reason] = parts;
  return {
    version: version === "1.0" ? "1.0" : "1.1",
    status: Number(status),
    reason: reason ?? "",
    headers,
  };
}
