import { assertEquals, assertThrows } from "@std/assert";
import { refusalReply } from "../../../backends/egress/refusal_reply.ts";

/** What a client makes of bytes that answer its request. */
async function fetchOf(reply: Uint8Array): Promise<Response> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const serve = async () => {
    using conn = await listener.accept();
    await conn.read(new Uint8Array(65_536));
    const writer = conn.writable.getWriter();
    await writer.write(reply);
    writer.releaseLock();
  };
  const [response] = await Promise.all([
    fetch(`http://127.0.0.1:${port}/`),
    serve(),
  ]);
  return response;
}

const statuses = [
  [400, "Bad Request"],
  [403, "Forbidden"],
  [431, "Request Header Fields Too Large"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
] as const;

for (const [status, text] of statuses) {
  Deno.test(`refusalReply is a response that fetch can read: ${status}`, async () => {
    const body = { reason: "not_allowed", host: "例え.example", port: 443 };
    const response = await fetchOf(refusalReply(status, body));
    assertEquals(response.status, status);
    assertEquals(response.statusText, text);
    const content = await response.text();
    assertEquals(content, `${JSON.stringify(body)}\n`);
    assertEquals(Object.fromEntries(response.headers), {
      "content-type": "application/json",
      "content-length": String(new TextEncoder().encode(content).length),
      "cache-control": "no-store",
      connection: "close",
      ...(status === 403 && { "x-zu-egress": "refused" }),
    });
  });
}

Deno.test("refusalReply counts the body's bytes, not its characters", () => {
  const reply = refusalReply(403, { host: "é€😀\ud800" });
  const text = new TextDecoder("utf-8", { fatal: true }).decode(reply);
  const [head, content] = text.split("\r\n\r\n");
  // Half of a surrogate pair is written as an escape.
  assertEquals(content, '{"host":"é€😀\\ud800"}\n');
  const length = '{"host":""}\n'.length + 2 + 3 + 4 + 6;
  assertEquals(/^content-length: (\d+)$/m.exec(head!)?.[1], String(length));
});

Deno.test("refusalReply lets nothing of the body into its head", () => {
  const reply = refusalReply(400, { path: "\r\n\r\nx: y\r\n" });
  const text = new TextDecoder().decode(reply);
  assertEquals(text.split("\r\n\r\n"), [
    "HTTP/1.1 400 Bad Request\r\n" +
    "content-type: application/json\r\n" +
    "content-length: 28\r\n" +
    "cache-control: no-store\r\n" +
    "connection: close",
    '{"path":"\\r\\n\\r\\nx: y\\r\\n"}\n',
  ]);
});

Deno.test("refusalReply throws at what JSON cannot say", () => {
  assertThrows(() => refusalReply(502, { size: 1n }), TypeError);
});
