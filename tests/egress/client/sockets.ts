// Looks for sockets everywhere, and says something to each that answers.
const [text] = Deno.args;
const SKIPPED = ["/proc", "/sys"];

async function* sockets(folder: string): AsyncGenerator<string> {
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(folder || "/"));
  } catch {
    return;
  }
  for (const { name, isDirectory, isFile, isSymlink } of entries) {
    const path = `${folder}/${name}`;
    if (SKIPPED.includes(path)) continue;
    if (isDirectory) yield* sockets(path);
    else if (!isFile && !isSymlink) yield path;
  }
}

/** Those that the kernel knows of in this network, whatever may be seen of them. */
async function* known(): AsyncGenerator<string> {
  const table = await Deno.readTextFile("/proc/net/unix").catch(() => "");
  for (const line of table.split("\n").slice(1)) {
    const path = line.split(/\s+/)[7];
    if (path !== undefined) yield path.replace(/^@/, "\0");
  }
}

for (const source of [sockets(""), known()]) {
  for await (const path of source) {
    try {
      const conn = await Deno.connect({ transport: "unix", path });
      await conn.write(new TextEncoder().encode(text));
      await conn.closeWrite();
      const read = await conn.read(new Uint8Array(1024));
      console.log(`${path} answers with ${read} bytes`);
      conn.close();
    } catch (error) {
      console.log(`${path}: ${error}`);
    }
  }
}
