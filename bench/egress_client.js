// What runs in sandboxes of the egress bench, those with a proxy and those with a
// wire: asks for a URL, and prints as JSON how many milliseconds each answer took.
// In plain JavaScript, since it is handed to Deno as a data: URL.

const [way, url, count] = Deno.args;
/** Those that are not counted: the first ones compile what the others use. */
const WARM_UPS = way === "download" || way === "read" ? 1 : 20;
const READ_BYTES = 1024 * 1024;

async function drain(response) {
  let length = 0;
  for await (const bytes of response.body) length += bytes.length;
  return length;
}

/** With fetch, over a connection that is kept if both sides keep it. */
async function ask() {
  return await drain(await fetch(url));
}

/** Connects to whom a request is to be sent to: the proxy, if there is one. */
async function connect() {
  const proxy = Deno.env.get("http_proxy");
  const { hostname, port } = new URL(proxy ?? url);
  const conn = await Deno.connect({
    hostname,
    port: Number(port) || (url.startsWith("https:") ? 443 : 80),
  });
  // As most clients do, but not fetch: see the README.
  conn.setNoDelay();
  return { conn, isProxy: proxy !== undefined };
}

async function send(conn, head) {
  await conn.write(new TextEncoder().encode(`${head}\r\n\r\n`));
}

/** With nothing but reads, as a program does that has no more to do. */
const readBuffer = new Uint8Array(READ_BYTES);
async function readToEnd(conn) {
  let length = 0;
  for (;;) {
    const count = await conn.read(readBuffer);
    if (count === null) return length;
    length += count;
  }
}

/** Plain, over a connection of its own. */
async function read() {
  const { host, pathname } = new URL(url);
  const { conn, isProxy } = await connect();
  const target = isProxy ? url : pathname;
  await send(
    conn,
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close`,
  );
  const length = await readToEnd(conn);
  conn.close();
  return length;
}

/** With TLS, over a connection of its own, and a tunnel if there is a proxy. */
async function readTls() {
  const { host, hostname, pathname } = new URL(url);
  const { conn, isProxy } = await connect();
  if (isProxy) {
    await send(conn, `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443`);
    const length = await conn.read(readBuffer);
    const said = new TextDecoder().decode(readBuffer.subarray(0, length));
    if (!said.endsWith("\r\n\r\n")) throw new Error(said);
  }
  const tls = await Deno.startTls(conn, { hostname });
  await send(
    tls,
    `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: close`,
  );
  const length = await readToEnd(tls);
  tls.close();
  return length;
}

/** Many at once, each over a connection of its own, which then stay open. */
async function askAtOnce() {
  const ends = Array.from({ length: Number(count) }, async () => {
    const client = Deno.createHttpClient({});
    await drain(await fetch(url, { client }));
    return client;
  });
  const clients = await Promise.all(ends);
  console.log("idle");
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  for (const client of clients) client.close();
}

async function times(run) {
  const taken = [];
  for (let n = -WARM_UPS; n < Number(count); n++) {
    const startedMs = performance.now();
    const length = await run();
    const ms = performance.now() - startedMs;
    const least = Number(new URL(url).pathname.slice(1));
    if (length < least) throw new Error(`${length} of ${least} bytes came`);
    if (n >= 0) taken.push(ms);
  }
  return taken;
}

if (way === "at-once") await askAtOnce();
else {
  const ways = { read, fresh: readTls };
  console.log(JSON.stringify(await times(ways[way] ?? ask)));
}
