import { SinkError } from "../sink_error.ts";
import { readSealed } from "../_sealed_event.ts";
import type { Chunk } from "./_chunks.ts";
import type { LineIndex } from "./_line_index.ts";
import { decodeLine, splitLines } from "./_lines.ts";
import type { PartTables } from "./_part_tables.ts";

/** What a part of the log holds. */
export interface PartScan {
  /** How many lines end in a newline. */
  readonly lines: number;
  /** Where the last of them ends. */
  readonly length: number;
  /** How many of them are events. */
  readonly events: number;
  /** What stands behind the last newline, where anything does. */
  readonly tail: {
    /** Where it ends: the length of the file. */
    readonly end: number;
    /** Whether it is a whole event that lacks only its newline. */
    readonly isEvent: boolean;
  } | undefined;
}

/**
 * Reads a part from its first line on and notes its ids and heads. A line that
 * is no event takes up its number and is otherwise passed over: it is reported
 * to those who read it.
 *
 * @param chunks The part's bytes.
 * @param tables Where to note ids and heads.
 * @param index Where to note the beginnings of lines.
 */
export async function scanPart(
  chunks: AsyncIterable<Chunk>,
  tables: PartTables,
  index?: LineIndex,
): Promise<PartScan> {
  let lines = 0;
  let length = 0;
  let events = 0;
  let tail: PartScan["tail"];
  for await (const batch of splitLines(chunks)) {
    for (let i = 0; i < batch.lines.length; i++) {
      const end = batch.ends[i]!;
      const isEvent = noteLine(batch.lines[i], lines + 1, tables);
      if (isEvent) events++;
      if (batch.torn) tail = { end, isEvent };
      else {
        lines++;
        length = end;
        index?.note(lines, end);
      }
    }
  }
  return { lines, length, events, tail };
}

function noteLine(
  bytes: Uint8Array | undefined,
  line: number,
  tables: PartTables,
): boolean {
  const text = bytes && decodeLine(bytes);
  if (text === undefined) return false;
  try {
    const { event_id, trace_id, hash } = readSealed(text);
    tables.add(event_id, line);
    tables.setHead(trace_id, hash);
    return true;
  } catch (error) {
    if (error instanceof SinkError) return false;
    throw error;
  }
}
