import { valuesOf } from "./head_lines.ts";
import { MalformedMessage, quoted } from "./malformed_message.ts";
import type { RequestHead } from "./request_head.ts";
import type { ResponseHead } from "./response_head.ts";

/** How the end of a message's body is found. */
export type BodyFraming =
  /** There is none. */
  | { readonly kind: "none" }
  /** It has that many bytes. */
  | { readonly kind: "length"; readonly length: number }
  /** It comes in chunks, and the last of them says so. */
  | { readonly kind: "chunked" }
  /** It ends with the connection. */
  | { readonly kind: "close" };

// Digits that Number holds exactly. A zero before others has been read as octal.
const LENGTH = /^(?:0|[1-9][0-9]{0,14})$/;
// Not by its lower case, which a Kelvin sign shares with the letter K.
const CHUNKED = /^chunked$/i;
// To CGI and what descends from it, `_` and `-` in names are one.
const LOOKALIKE = /^(?:content_length|transfer_encoding)$/i;

/**
 * How a request's body ends (RFC 9112, 6.3).
 *
 * @param head The request's head.
 * @throws {MalformedMessage} If two readers might disagree about it.
 */
export function requestBody(head: RequestHead): BodyFraming {
  const lookalike = head.headers.find(([name]) => LOOKALIKE.test(name));
  if (lookalike !== undefined) {
    throw new MalformedMessage(
      `The field ${lookalike[0]} may be taken for one that frames the body`,
    );
  }
  return framing(head) ?? { kind: "none" };
}

/**
 * How a response's body ends (RFC 9112, 6.3). Fields that frame a body must be in
 * order even if there is none.
 *
 * @param head The response's head.
 * @param method The method of its request.
 * @throws {MalformedMessage} If two readers might disagree about it.
 */
export function responseBody(head: ResponseHead, method: string): BodyFraming {
  const framed = framing(head);
  const { status } = head;
  const isTunnel = method === "CONNECT" && status >= 200 && status < 300;
  const hasNone = method === "HEAD" || status < 200 || status === 204 ||
    status === 304 || isTunnel;
  return hasNone ? { kind: "none" } : framed ?? { kind: "close" };
}

/** What the fields say; undefined if they say nothing. */
function framing(
  { version, headers }: Pick<RequestHead, "version" | "headers">,
): BodyFraming | undefined {
  const codings = valuesOf(headers, "transfer-encoding");
  const lengths = valuesOf(headers, "content-length");
  const [coding] = codings;
  const [length] = lengths;
  if (coding !== undefined && length !== undefined) {
    throw new MalformedMessage(
      "There are both Transfer-Encoding and Content-Length, of which only one " +
        "can be true",
    );
  }
  if (coding !== undefined) {
    // Readers differ in what they make of any other coding, or of `chunked` twice.
    if (codings.length > 1 || !CHUNKED.test(coding)) {
      throw new MalformedMessage(
        `Transfer-Encoding is ${
          codings.map(quoted).slice(0, 3).join(" and ")
        },` +
          " but only chunked, once, is understood",
      );
    }
    if (version === "1.0") {
      throw new MalformedMessage("HTTP/1.0 has no Transfer-Encoding");
    }
    return { kind: "chunked" };
  }
  if (length === undefined) return undefined;
  if (lengths.length > 1 || !LENGTH.test(length)) {
    throw new MalformedMessage(
      `Content-Length is ${
        lengths.map(quoted).slice(0, 3).join(" and ")
      }, but ` +
        "it must be one decimal number of up to 15 digits",
    );
  }
  return { kind: "length", length: Number(length) };
}
