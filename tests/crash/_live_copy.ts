import { assertEquals } from "@std/assert";
import { programCommand } from "./_child.ts";

/**
 * Copies a SQLite log and its write-ahead log while another process appends.
 *
 * Two files cannot be copied in one moment, so a third process holds the write
 * lock meanwhile: see holding_program.ts for why that makes the copies fit. The
 * process that copies has no connection to the database, since closing the file
 * would drop the locks of its own connections.
 *
 * @param whileHeld Called when no transaction can be committed any more, before
 * the files are copied.
 */
export async function copyLive(
  path: string,
  target: string,
  whileHeld: () => void,
): Promise<void> {
  const { command, args } = programCommand("./holding_program.ts", [path]);
  const holder = new Deno.Command(command, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(holder.stderr).text();
  const said = await Array.fromAsync(untilLine(holder.stdout));
  try {
    assertEquals(said.join(""), "held\n", "the write lock is held");
    whileHeld();
    await Deno.copyFile(path, target);
    await Deno.copyFile(`${path}-wal`, `${target}-wal`);
  } finally {
    await holder.stdin.close();
  }
  const { code } = await holder.status;
  assertEquals(code, 0, await stderr);
}

/** What a stream says up to the end of its first line. */
async function* untilLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    yield text;
    if (text.includes("\n")) return;
  }
}
