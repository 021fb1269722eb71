/** A status with which a proxy refuses. */
export type RefusalStatus = 400 | 403 | 431 | 502 | 503 | 504;

/** What they are called. */
const REASONS: Readonly<Record<RefusalStatus, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  431: "Request Header Fields Too Large",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/**
 * Writes the response with which a proxy refuses a request, and after which it
 * closes the connection.
 *
 * @param status Its status. A 403 has `x-zu-egress: refused`, so that the policy's
 * refusal can be told from that of the host.
 * @param body What it says, as JSON.
 * @returns The HTTP/1.1 response, with head and body.
 * @throws {TypeError} If JSON cannot say it.
 */
export function refusalReply(
  status: RefusalStatus,
  body: Readonly<Record<string, unknown>>,
): Uint8Array {
  const encoder = new TextEncoder();
  const content = encoder.encode(`${JSON.stringify(body)}\n`);
  const head = encoder.encode([
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    "content-type: application/json",
    `content-length: ${content.length}`,
    "cache-control: no-store",
    "connection: close",
    ...(status === 403 ? ["x-zu-egress: refused"] : []),
    "",
    "",
  ].join("\r\n"));
  const reply = new Uint8Array(head.length + content.length);
  reply.set(head);
  reply.set(content, head.length);
  return reply;
}
