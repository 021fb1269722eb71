// Sends the proxy a request whose head does not end: one field of it, or its many
// fields, until it is cut off.
const BYTES_MAX = 64 * 1024 * 1024;

const [host, kind] = Deno.args;
const encoder = new TextEncoder();
const piece = encoder.encode(
  kind === "field" ? "a".repeat(65_536) : "X-A: b\r\n".repeat(8_192),
);
let sent = 0;
try {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: 3128 });
  await conn.write(encoder.encode(
    `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n` +
      (kind === "field" ? "X: " : ""),
  ));
  while (sent < BYTES_MAX) sent += await conn.write(piece);
} catch (error) {
  console.log(`${error}`);
}
console.log(`sent ${sent} bytes`);
Deno.exit(0);
