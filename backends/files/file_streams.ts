import type { FileCall } from "./file_call.ts";
import type { SandboxProcess } from "../run_result.ts";

/** How much of standard error is kept: its end. */
const STDERR_MAX = 8192;

/**
 * Reads a stream to its end, or until it is too long.
 *
 * @param stream What to read.
 * @param max How many bytes it may bring.
 * @returns The bytes; undefined if there are more.
 */
export async function readUpTo(
  stream: ReadableStream<Uint8Array>,
  max: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    // Leaving the loop cancels the stream.
    if (length > max) return undefined;
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * Reads what a program writes to standard error. All of it, since the program
 * would wait otherwise; but only the end is kept.
 */
export async function readWords(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array> {
  let tail: Uint8Array = new Uint8Array();
  for await (const chunk of stream) {
    const both = new Uint8Array(tail.length + chunk.length);
    both.set(tail);
    both.set(chunk, tail.length);
    tail = both.length > STDERR_MAX ? both.slice(-STDERR_MAX) : both;
  }
  return tail;
}

/** What is fed to a program. */
export interface Feed {
  /** The bytes. */
  readonly source: ReadableStreamDefaultReader<Uint8Array>;
  /** How many there may be. */
  readonly maxBytes: number;
  /** The call that this is done for. */
  readonly call: FileCall;
}

/**
 * Feeds a stream to a program's standard input, and waits until it ends. The input
 * is closed when all has gone out, and never otherwise: its end means that there
 * is no more. The source is cancelled if it is not read to its end.
 *
 * @param process The program. It is ended if not all of the source can be had.
 * @param feed What to feed.
 * @returns Whether all went out; if not, the program had ended or broken off.
 * @throws {BackendError} `file_too_large` if there are too many bytes.
 * @throws What the source fails with.
 */
export async function feed(
  process: SandboxProcess,
  { source, maxBytes, call }: Feed,
): Promise<boolean> {
  const input = process.stdin.getWriter();
  let ended = false;
  // A program may end before it has read all: then nobody takes what is written.
  // Neither is waited for, since a source need not heed that it is cancelled.
  const watch = process.status.then(() => {
    ended = true;
    input.abort().catch(ignore);
    source.cancel().catch(ignore);
  });
  let length = 0;
  let whole = false;
  try {
    for (;;) {
      const { done, value } = await source.read();
      if (ended) break;
      if (done) {
        whole = await goesOut(input.close());
        break;
      }
      if (!(value instanceof Uint8Array)) {
        throw new TypeError(
          "A stream of bytes has a chunk that is no Uint8Array",
        );
      }
      length += value.length;
      if (length > maxBytes) throw call.tooLarge(`${maxBytes} bytes`);
      if (value.length > 0 && !await goesOut(input.write(value))) break;
    }
  } catch (error) {
    source.cancel(error).catch(ignore);
    await process.kill();
    throw error;
  } finally {
    await watch;
  }
  return whole;
}

/**
 * Starts a program that a source is for, and cancels the source if it does not
 * start.
 */
export async function spawnFor(
  source: ReadableStreamDefaultReader<Uint8Array>,
  spawn: () => Promise<SandboxProcess>,
): Promise<SandboxProcess> {
  try {
    return await spawn();
  } catch (error) {
    source.cancel(error).catch(ignore);
    throw error;
  }
}

/** Whether a write goes out. If not, the program's status says why. */
async function goesOut(write: Promise<void>): Promise<boolean> {
  return await write.then(() => true, () => false);
}

/** What is given up has no say in what is reported. */
function ignore(): void {}
