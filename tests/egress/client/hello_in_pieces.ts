// Opens a tunnel to an authority, and says hello to another host in it, in records
// of TLS that are so short that no one has the name in it.
const PIECE_BYTES = 7;
const RECORD_HEAD_BYTES = 5;

const [authority, hostname = ""] = Deno.args;
const encoder = new TextEncoder();
const chunk = new Uint8Array(64 * 1024);

/** What Deno says first in TLS. */
async function hello(): Promise<Uint8Array> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const client = await Deno.connect({ hostname: "127.0.0.1", port });
  const server = await listener.accept();
  const tls = await Deno.startTls(client, { hostname });
  tls.handshake().catch(() => {});
  const read = await server.read(chunk);
  return chunk.slice(0, read ?? 0);
}

const body = (await hello()).subarray(RECORD_HEAD_BYTES);
const records: number[] = [];
for (let at = 0; at < body.length; at += PIECE_BYTES) {
  const piece = body.subarray(at, at + PIECE_BYTES);
  records.push(0x16, 3, 1, 0, piece.length, ...piece);
}
const conn = await Deno.connect({ hostname: "127.0.0.1", port: 3128 });
await conn.write(encoder.encode(
  `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`,
));
const read = await conn.read(chunk);
console.log(new TextDecoder().decode(chunk.subarray(0, read ?? 0)));
await conn.write(new Uint8Array(records));
console.log(await conn.read(chunk));
Deno.exit(0);
