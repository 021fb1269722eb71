// The index file beside a log: the head of every trace in its rotated parts, and
// the event ids of the newest ones. It can be rebuilt from the parts at any time.
//
//   heads      13 words each: trace id, mark, hash; grouped by bucket
//   ids        for each part: first and last seq, count, then 5 words each:
//              event id, line
//   footer     where each bucket of heads begins, then the fields of FOOTER
//   digest     SHA-256 of everything before it
//
// Words are 32 bits in the order of the machine; a file from a machine of the
// other order has no valid magic and is rebuilt.
import { HEAD_WORDS, ID_WORDS } from "./_part_tables.ts";
import { BUCKETS, KEY_WORDS, type UuidTable } from "./_uuid_table.ts";

/** The first field of the footer: what the file is, and in which version. */
export const MAGIC = 0x5a4a4c31;
/** The fields of the footer, a word each. */
export const FOOTER = [
  "magic",
  "seed",
  "lastHigh",
  "lastLow",
  "partBytes",
  "idParts",
] as const;
/** How long a record of a head is. */
export const HEAD_BYTES = (KEY_WORDS + HEAD_WORDS) * 4;
/** How long a record of an id is. */
export const ID_BYTES = (KEY_WORDS + ID_WORDS) * 4;
/** How long the digest is. */
export const DIGEST_BYTES = 32;
/** How long everything behind the ids is. */
export const END_BYTES = (BUCKETS + 1 + FOOTER.length) * 4 + DIGEST_BYTES;
/** How much is read or written at a time. */
export const STEP_BYTES = 64 * 1024;

/** The event ids of one rotated part. */
export interface PartIds {
  /** The seq of the part's first line. */
  readonly first: number;
  /** The seq of the part's last line. */
  readonly last: number;
  /** Event id to line in the part. */
  readonly ids: UuidTable;
}

/** A number of up to 53 bits as two words. */
export function twoWords(value: number): [number, number] {
  return [Math.floor(value / 2 ** 32), value % 2 ** 32];
}

/** The number that two words say. */
export function fromTwoWords(high: number, low: number): number {
  return high * 2 ** 32 + low;
}
