import { hexToWords, UuidTable, wordsToHex } from "./_uuid_table.ts";

/** How many words the value of an id takes: its line in the part. */
export const ID_WORDS = 1;
/** How many words a head takes: a mark, and the hash. */
export const HEAD_WORDS = 9;

/** The head is a hash. */
const HASHED = 1;
/** The trace's last event has no hash: it is from before the hash chain. */
const UNLINKED = 2;

/** A head as a table of heads holds it. */
export function headFromWords(words: Uint32Array): string | null {
  return words[0] === UNLINKED ? null : wordsToHex(words.subarray(1));
}

/**
 * What a part of the log holds, as far as appending needs to know: the line of
 * each event id, and the head of each trace. About 25 bytes an event and 75 a
 * trace.
 */
export class PartTables {
  /** Event id to line in the part, from 1. */
  readonly ids: UuidTable;
  /** Trace id to the hash of its last event in the part. */
  readonly heads: UuidTable;
  readonly #line = new Uint32Array(ID_WORDS);
  readonly #head = new Uint32Array(HEAD_WORDS);

  /** Makes the tables of an empty part. */
  constructor(seed: number) {
    this.ids = new UuidTable(ID_WORDS, seed);
    this.heads = new UuidTable(HEAD_WORDS, seed);
  }

  /** Notes the line of an event. */
  add(event_id: string, line: number): void {
    // Of two lines with one id, which only a foreign writer can have left, the
    // first is the stored copy.
    this.#line[0] = line;
    this.ids.add(event_id, this.#line);
  }

  /** Notes the head of a trace. */
  setHead(trace_id: string, hash: string | null): void {
    this.#head[0] = hash === null ? UNLINKED : HASHED;
    if (hash !== null) hexToWords(hash, this.#head, 1);
    this.heads.set(trace_id, this.#head);
  }

  /** The line of an event, `undefined` where the part does not hold it. */
  line(event_id: string): number | undefined {
    return this.ids.get(event_id)?.[0];
  }

  /** The head of a trace, `undefined` where the part does not hold it. */
  head(trace_id: string): string | null | undefined {
    const words = this.heads.get(trace_id);
    return words === undefined ? undefined : headFromWords(words);
  }
}
