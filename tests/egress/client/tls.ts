// Opens a tunnel to an authority, speaks TLS in it with a host by name, and asks
// that for a path. Prints the answer's body.
const [authority, hostname = "", path, ca = ""] = Deno.args;
const encoder = new TextEncoder();
try {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: 3128 });
  const asked = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
  await conn.write(encoder.encode(asked));
  const chunk = new Uint8Array(64 * 1024);
  const read = await conn.read(chunk);
  const answer = new TextDecoder().decode(chunk.subarray(0, read ?? 0));
  if (!/^HTTP\/1.1 200 /.test(answer)) throw new Error(answer);
  const tls = await Deno.startTls(conn, { hostname, caCerts: [ca] });
  await tls.write(encoder.encode(
    `GET /${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`,
  ));
  const text = await new Response(tls.readable).text();
  console.log(text.slice(text.indexOf("\r\n\r\n") + 4));
} catch (error) {
  console.log(`${error}`);
}
Deno.exit(0);
