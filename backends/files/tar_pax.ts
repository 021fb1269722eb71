import { refuseArchive } from "./tar_header.ts";

/** What an extended header says about the entry that follows it. */
export interface PaxRecords {
  /** The entry's path, in place of the header's. */
  readonly path?: Uint8Array;
  /** What a link points to, in place of the header's. */
  readonly link?: Uint8Array;
  /** How many bytes follow, in place of the header's. */
  readonly size?: number;
  /** When it was changed, in seconds. */
  readonly mtime?: number;
  /** Whether it is a file with holes, whose bytes are not its content. */
  readonly isSparse: boolean;
}

const BLANK = 32;
const NEWLINE = 10;
const EQUALS = 61;

const latin1 = new TextDecoder("latin1");

/**
 * Splits an extended header into its records, each `length key=value\n`, where the
 * length is that of all of it.
 */
function* records(data: Uint8Array): Generator<[string, Uint8Array]> {
  for (let at = 0; at < data.length;) {
    const blank = data.indexOf(BLANK, at);
    const digits = latin1.decode(data.subarray(at, Math.max(at, blank)));
    const end = at + Number(digits);
    const equals = data.indexOf(EQUALS, blank);
    if (
      !/^[1-9]\d{0,8}$/.test(digits) || end > data.length ||
      equals <= blank + 1 || equals >= end || data[end - 1] !== NEWLINE
    ) throw refuseArchive("an extended header is garbled");
    const key = latin1.decode(data.subarray(blank + 1, equals));
    yield [key, data.subarray(equals + 1, end - 1)];
    at = end;
  }
}

function readText(value: Uint8Array): Uint8Array {
  if (value.includes(0)) throw refuseArchive("a name has a NUL in it");
  return value;
}

function readSize(value: Uint8Array): number {
  const text = latin1.decode(value);
  const size = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(size)) return size;
  throw refuseArchive("an entry's size is no size");
}

/**
 * Reads an extended header of POSIX.
 *
 * @param data Its body.
 * @returns What it says of what matters here. An empty value says nothing.
 * @throws {BackendError} `file_refused` if it is garbled.
 */
export function parsePax(data: Uint8Array): PaxRecords {
  let found: PaxRecords = { isSparse: false };
  for (const [key, value] of records(data)) {
    if (key.startsWith("GNU.sparse.")) found = { ...found, isSparse: true };
    if (value.length === 0) continue;
    if (key === "path") found = { ...found, path: readText(value) };
    if (key === "linkpath") found = { ...found, link: readText(value) };
    if (key === "size") found = { ...found, size: readSize(value) };
    if (key === "mtime") {
      const mtime = Number(latin1.decode(value));
      if (Number.isFinite(mtime)) found = { ...found, mtime };
    }
  }
  return found;
}
