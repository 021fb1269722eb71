// Opens a great many tunnels through the proxy at once, holds them until all are
// answered or time is up, and prints how many got which status.
const BATCH = 100;
const PATIENCE_MS = 12_000;
/** How long they are all held then, for those at the other end to see. */
const HOLD_MS = 500;

const [count = "0", authority] = Deno.args;
const request = new TextEncoder().encode(
  `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`,
);
const outcomes: Record<string, number> = {};
const held: Deno.Conn[] = [];

async function open(): Promise<string> {
  try {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: 3128 });
    held.push(conn);
    await conn.write(request);
    const chunk = new Uint8Array(1024);
    const read = await conn.read(chunk);
    if (read === null) return "closed";
    return new TextDecoder().decode(chunk.subarray(9, 12));
  } catch (error) {
    return (error as Error).name;
  }
}

const all: Promise<void>[] = [];
while (all.length < Number(count)) {
  for (let i = 0; i < BATCH; i++) {
    all.push(
      open().then((outcome) => {
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }),
    );
  }
  await new Promise((resolve) => setTimeout(resolve));
}
await Promise.race([
  Promise.all(all),
  new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)),
]);
await new Promise((resolve) => setTimeout(resolve, HOLD_MS));
console.log(JSON.stringify({ ...outcomes, held: held.length }));
Deno.exit(0);
