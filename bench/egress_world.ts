// What clients of the egress bench talk to: a server of plain HTTP at port 80, and
// one with TLS at 443, that answer /N with N bytes as fast as they can. Started by
// _egress_world.ts in the world's namespace; ends with its input.

const BLOCK = crypto.getRandomValues(new Uint8Array(64 * 1024));
const BLOCKS = new Uint8Array(1024 * 1024);
for (let at = 0; at < BLOCKS.length; at += BLOCK.length) BLOCKS.set(BLOCK, at);
/** What is shorter than that is sent with its head in one piece. */
const SMALL_BYTES = 16 * 1024;

async function send(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await conn.write(bytes.subarray(at));
  }
}

async function answer(
  conn: Deno.Conn,
  length: number,
  isLast: boolean,
): Promise<void> {
  const head = new TextEncoder().encode(
    `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n` +
      (isLast ? "Connection: close\r\n\r\n" : "\r\n"),
  );
  if (length < SMALL_BYTES) {
    const whole = new Uint8Array(head.length + length);
    whole.set(head);
    return await send(conn, whole);
  }
  await send(conn, head);
  for (let left = length; left > 0;) {
    const bytes = BLOCKS.subarray(0, left);
    await send(conn, bytes);
    left -= bytes.length;
  }
}

/** Answers one request after the other, none of which has a body. */
async function serve(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(16 * 1024);
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const read = await conn.read(buffer);
    if (read === null) return;
    text += decoder.decode(buffer.subarray(0, read));
    const heads = text.split("\r\n\r\n");
    text = heads.pop()!;
    for (const head of heads) {
      const [, length] = /^GET \S*\/(\d+) HTTP/.exec(head)!;
      const isLast = /^connection: *close/im.test(head) ||
        / HTTP\/1\.0\r\n/.test(head);
      await answer(conn, Number(length), isLast);
      if (isLast) return;
    }
  }
}

async function listen(listener: Deno.Listener<Deno.Conn>): Promise<void> {
  for await (const conn of listener) {
    // Clients come and go as they like.
    serve(conn).catch(() => {}).finally(() => conn.close());
  }
}

if (import.meta.main) {
  const [certPath = "", keyPath = ""] = Deno.args;
  const cert = await Deno.readTextFile(certPath);
  const key = await Deno.readTextFile(keyPath);
  listen(Deno.listen({ port: 80 }));
  listen(Deno.listenTls({ port: 443, cert, key }));
  console.log("ready");
  const input = new Uint8Array(16);
  while (await Deno.stdin.read(input) !== null);
  Deno.exit();
}
