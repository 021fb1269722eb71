// Says pieces of text to the proxy, on one connection that stays open, each after
// something has come, or nothing for a while. Prints what came.
const QUIET_MS = 250;

const pieces: string[] = JSON.parse(Deno.args[0]!);
const conn = await Deno.connect({ hostname: "127.0.0.1", port: 3128 });
const chunk = new Uint8Array(64 * 1024);
let reading: Promise<number | null> | undefined;

/** Waits for bytes; false at the end. */
async function listen(): Promise<boolean> {
  reading ??= conn.read(chunk);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const quiet = new Promise<"quiet">((resolve) => {
    timer = setTimeout(resolve, QUIET_MS, "quiet");
  });
  const read = await Promise.race([reading, quiet]);
  clearTimeout(timer);
  if (read === "quiet") return true;
  reading = undefined;
  if (read === null) return false;
  console.log(new TextDecoder("latin1").decode(chunk.subarray(0, read)));
  return true;
}

try {
  let isOpen = true;
  for (const piece of pieces) {
    if (!isOpen) break;
    await conn.write(Uint8Array.from(piece, (c) => c.charCodeAt(0)));
    isOpen = await listen();
  }
  if (isOpen) await listen();
} catch (error) {
  console.log(`${error}`);
}
Deno.exit(0);
