import { decodeUtf8 } from "../_utf8.ts";
import type { StoredEvent } from "../event.ts";
import { parseEvent } from "../parse_event.ts";
import { SinkError } from "../sink_error.ts";
import type { Chunk } from "./_chunks.ts";

/** The longest line that is held in memory; the sink writes none longer. */
export const LINE_BYTES_MAX = 128 * 1024 * 1024;

const NEWLINE = 10;

/** Some lines that stand next to each other, as one step of reading found them. */
export interface LineBatch {
  /**
   * The lines without their newlines; `undefined` for one that is too long to
   * be held in memory.
   */
  readonly lines: readonly (Uint8Array | undefined)[];
  /** Where each line ends, its newline included, from the start of the chunks. */
  readonly ends: readonly number[];
  /** Whether the last line lacks its newline; only ever true of the last batch. */
  readonly torn: boolean;
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/**
 * Splits chunks at newlines. Holds the chunk at hand and the line that began in
 * the ones before it.
 *
 * @param chunks The bytes; the lines are views of them.
 * @param lineBytesMax The longest line that is held.
 */
export async function* splitLines(
  chunks: AsyncIterable<Chunk>,
  lineBytesMax = LINE_BYTES_MAX,
): AsyncGenerator<LineBatch, void, undefined> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  let position = 0;
  const add = (piece: Uint8Array): void => {
    if (piece.length === 0) return;
    length += piece.length;
    if (length > lineBytesMax) pieces = [];
    else pieces.push(piece);
  };
  const take = (): Uint8Array | undefined => {
    const line = length > lineBytesMax ? undefined : joined(pieces, length);
    pieces = [];
    length = 0;
    return line;
  };
  for await (const chunk of chunks) {
    const lines: (Uint8Array | undefined)[] = [];
    const ends: number[] = [];
    let start = 0;
    for (
      let end = chunk.indexOf(NEWLINE);
      end !== -1;
      end = chunk.indexOf(NEWLINE, start)
    ) {
      add(chunk.subarray(start, end));
      start = end + 1;
      lines.push(take());
      ends.push(position + start);
    }
    add(chunk.subarray(start));
    position += chunk.length;
    if (lines.length > 0) yield { lines, ends, torn: false };
  }
  if (length > 0) yield { lines: [take()], ends: [position], torn: true };
}

/**
 * A line by its place.
 *
 * @param chunks Chunks that begin with a line.
 * @param skip How many lines stand before it.
 * @returns The line, `undefined` where there is none or it is too long.
 */
export async function nthLine(
  chunks: AsyncIterable<Chunk>,
  skip: number,
): Promise<Uint8Array | undefined> {
  let seen = 0;
  for await (const { lines } of splitLines(chunks)) {
    if (skip < seen + lines.length) return lines[skip - seen];
    seen += lines.length;
  }
  return undefined;
}

/** The text of a line, `undefined` where it is not UTF-8. */
export function decodeLine(line: Uint8Array): string | undefined {
  try {
    return decodeUtf8(line);
  } catch {
    return undefined;
  }
}

/** The error for a line that is no event. */
export function corruptLine(
  path: string,
  seq: number,
  found: string,
  cause?: unknown,
): SinkError {
  return new SinkError(
    "corrupt_line",
    `Cannot read seq ${seq} of ${path}: ${found}. ` +
      "Mend the line, or open the log with onCorrupt to read past it",
    { seq, cause },
  );
}

/**
 * The text of a line that is there to be read.
 *
 * @throws {SinkError} `corrupt_line`, naming the seq.
 */
export function lineText(
  line: Uint8Array | undefined,
  seq: number,
  path: string,
): string {
  if (line === undefined) {
    const found = `the line is longer than ${LINE_BYTES_MAX} bytes`;
    throw corruptLine(path, seq, found);
  }
  const text = decodeLine(line);
  if (text === undefined) {
    throw corruptLine(path, seq, "the line is not UTF-8");
  }
  return text;
}

/**
 * The event that stands on a line.
 *
 * @throws {SinkError} `corrupt_line`, naming the seq.
 */
export function readLine(
  line: Uint8Array | undefined,
  seq: number,
  path: string,
): StoredEvent {
  const text = lineText(line, seq, path);
  try {
    return Object.freeze({ seq, event: parseEvent(text) });
  } catch (cause) {
    if (!(cause instanceof SinkError)) throw cause;
    const found = `the line is no event (${cause.message})`;
    throw corruptLine(path, seq, found, cause);
  }
}
