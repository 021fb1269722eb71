import { isGone, writeAll } from "./byte_input.ts";

type Stream = Deno.TcpConn | Deno.UnixConn | Deno.Conn;

/** Passes bytes both ways, ends included, and closes both when both have ended. */
export async function splice(one: Stream, other: Stream): Promise<void> {
  try {
    await Promise.all([pass(one, other), pass(other, one)]);
  } finally {
    close(one);
    close(other);
  }
}

async function pass(from: Stream, to: Stream): Promise<void> {
  const chunk = new Uint8Array(64 * 1024);
  try {
    for (let read; (read = await from.read(chunk)) !== null;) {
      if (!await writeAll(to, chunk.subarray(0, read))) break;
    }
    await to.closeWrite();
  } catch (error) {
    if (!isGone(error) && !isNotConnected(error)) throw error;
    // Neither end is of use without the other.
    close(from);
    close(to);
  }
}

/** Whether the other side has closed before this one could. */
function isNotConnected(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected;
}

function close(stream: Stream): void {
  try {
    stream.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
