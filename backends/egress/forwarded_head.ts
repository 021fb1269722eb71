import { headBytes, type Header, TOKEN, valuesOf } from "./head_lines.ts";
import { MalformedMessage, quoted } from "./malformed_message.ts";
import { requestBody, responseBody } from "./message_body.ts";
import type { RequestHead } from "./request_head.ts";
import type { ResponseHead } from "./response_head.ts";

/** What is meant for the next hop alone (RFC 9110, 7.6.1), and what is written anew. */
const DROPPED: readonly string[] = [
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** What no Connection field takes away, since the message would be another one. */
const KEPT: readonly string[] = ["content-length", "host", "transfer-encoding"];

const CLOSE: Header = ["Connection", "close"];
const CHUNKED: Header = ["Transfer-Encoding", "chunked"];
const PATH = /^[!-~]+$/;
const NAME = new RegExp(`^${TOKEN}$`);
const SWITCHING_PROTOCOLS = 101;
const NO_CONTENT = 204;

/**
 * A request's head as the origin gets it.
 *
 * @param head The head as it came.
 * @param to What is asked for, and the host that the connection leads to, as its
 * Host field names it.
 * @throws {MalformedMessage} If its body's end is not clear, or if it takes away
 * what makes it clear.
 */
export function forwardedRequest(
  head: RequestHead,
  to: { readonly path: string; readonly authority: string },
): Uint8Array {
  if (!NAME.test(head.method) || !PATH.test(to.path)) {
    throw new MalformedMessage(
      `${quoted(`${head.method} ${to.path}`)} is no method and path`,
    );
  }
  const isChunked = requestBody(head).kind === "chunked";
  // To a client of 1.0, a host must not answer in chunks.
  return headBytes(`${head.method} ${to.path} HTTP/${head.version}`, [
    ["Host", to.authority],
    ...endToEnd(head.headers, ["host"]),
    ...(isChunked ? [CHUNKED] : []),
    CLOSE,
  ]);
}

/**
 * A response's head as the client gets it.
 *
 * @param head The head as it came.
 * @param isInterim Whether the response itself is yet to come, on this connection.
 * @default {whether the status is below 200}
 * @throws {MalformedMessage} If its body's end is not clear, or if it takes away
 * what makes it clear; or if it changes to another protocol, which no request that
 * was passed on asks for.
 */
export function forwardedResponse(
  head: ResponseHead,
  isInterim: boolean = head.status < 200,
): Uint8Array {
  const { status, reason, headers } = head;
  if (status === SWITCHING_PROTOCOLS) {
    throw new MalformedMessage(
      "The status is 101, but nobody has asked for another protocol",
    );
  }
  // The method only decides whether the body is sent, not how it is framed.
  const isChunked = responseBody(head, "GET").kind === "chunked";
  // Their bodies have no length, not even none (RFC 9110, 8.6).
  const hasNoLength = status < 200 || status === NO_CONTENT;
  return headBytes(`HTTP/1.1 ${status} ${reason}`, [
    ...endToEnd(headers, hasNoLength ? ["content-length"] : []),
    ...(isChunked ? [CHUNKED] : []),
    ...(isInterim ? [] : [CLOSE]),
  ]);
}

/** The fields that are passed on, in their order. */
function endToEnd(
  headers: readonly Header[],
  others: readonly string[],
): Header[] {
  const dropped = new Set([...DROPPED, ...others, ...connectionNames(headers)]);
  return headers.filter(([name]) => !dropped.has(name.toLowerCase()));
}

/** What the Connection fields name, in lower case. */
function connectionNames(headers: readonly Header[]): string[] {
  const names = valuesOf(headers, "connection")
    .flatMap((value) => value.split(","))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  for (const name of names) {
    if (!NAME.test(name) || KEPT.includes(name)) {
      throw new MalformedMessage(
        `Connection names ${quoted(name)}, which is no field of one hop`,
      );
    }
  }
  return names;
}
