import { BackendError } from "../backend_error.ts";
import type { ExecStream } from "./exec_stream.ts";

/** What a program can be given to read. */
export type ProgramInput = Uint8Array | string | ReadableStream<Uint8Array>;

/** How much is written at once. */
const PIECE_BYTES = 256 * 1024;

/**
 * Gives a program its input, and then its end.
 *
 * A program may stop reading whenever it likes, which is no failure.
 *
 * @throws What a stream of the caller's throws.
 */
export async function feed(
  exec: ExecStream,
  input: ProgramInput,
  signal: AbortSignal,
): Promise<void> {
  const write = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      await exec.write(bytes.subarray(at, at + PIECE_BYTES));
    }
  };
  try {
    if (typeof input === "string") {
      await write(new TextEncoder().encode(input));
    } else if (input instanceof Uint8Array) await write(input);
    else await feedStream(input, write, signal);
    exec.endInput();
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
  }
}

async function feedStream(
  stream: ReadableStream<Uint8Array>,
  write: (bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const reader = stream.getReader();
  // The program's end is no reason to wait for input that may never come.
  const cancel = () => {
    reader.cancel(signal.reason).catch(() => {});
  };
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      await write(value);
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    reader.releaseLock();
  }
}
