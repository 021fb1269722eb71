import { BackendError } from "../backend_error.ts";

/** Headers and padding come in blocks of so many bytes. */
export const BLOCK = 512;

/** What a header says, as far as anything is done with it. */
export interface TarHeader {
  /** The entry's path. */
  readonly path: Uint8Array;
  /** The type flag. */
  readonly flag: string;
  /** How many bytes follow the header. */
  readonly size: number;
  /** Permissions. */
  readonly mode: number;
  /** When it was changed, in seconds; undefined if that makes no sense. */
  readonly mtime: number | undefined;
  /** What a link points to. */
  readonly link: Uint8Array;
}

const latin1 = new TextDecoder("latin1");

/** The error for an archive that is broken, or made to do harm. */
export function refuseArchive(why: string): BackendError {
  return new BackendError(
    "file_refused",
    `Cannot take an archive from the sandbox: ${why}`,
  );
}

/** The bytes of a field up to its NUL, if it has one. */
export function untilNul(field: Uint8Array): Uint8Array {
  const end = field.indexOf(0);
  return end === -1 ? field : field.subarray(0, end);
}

/** How many bytes there are until the next block begins. */
export function paddingOf(size: number): number {
  return (BLOCK - size % BLOCK) % BLOCK;
}

/** Whether a block is all zeros, as at an archive's end. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/**
 * Reads a number: octal digits, or base 256 where the first bit is set.
 *
 * @returns The number; undefined if it is none, negative, or too large.
 */
function readNumber(field: Uint8Array): number | undefined {
  const first = field[0]!;
  if (first >= 0x80) {
    // The second bit is the sign.
    let value = first & 0x7f;
    if (value >= 0x40) return undefined;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = /^ *([0-7]*)[ \0]*$/.exec(latin1.decode(field))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits || "0", 8);
}

/** The sum of a header's bytes, its own field counted as blanks. */
export function checksumOf(block: Uint8Array): number {
  let sum = 8 * 32;
  for (let at = 0; at < BLOCK; at++) {
    if (at < 148 || at >= 156) sum += block[at]!;
  }
  return sum;
}

function joinPath(block: Uint8Array): Uint8Array {
  const name = untilNul(block.subarray(0, 100));
  // GNU's magic is "ustar  ", and has other things where POSIX has the prefix.
  if (latin1.decode(block.subarray(257, 263)) !== "ustar\0") return name;
  const prefix = untilNul(block.subarray(345, 500));
  if (prefix.length === 0) return name;
  const path = new Uint8Array(prefix.length + 1 + name.length);
  path.set(prefix);
  path[prefix.length] = 47;
  path.set(name, prefix.length + 1);
  return path;
}

/**
 * Reads a header.
 *
 * @param block A block that is not all zeros.
 * @returns What it says.
 * @throws {BackendError} `file_refused` if its checksum or a number is wrong.
 */
export function parseHeader(block: Uint8Array): TarHeader {
  if (readNumber(block.subarray(148, 156)) !== checksumOf(block)) {
    throw refuseArchive("a header's checksum is wrong");
  }
  const size = readNumber(block.subarray(124, 136));
  if (size === undefined) throw refuseArchive("an entry's size is no size");
  const mode = readNumber(block.subarray(100, 108));
  if (mode === undefined) throw refuseArchive("an entry's mode is no mode");
  return {
    path: joinPath(block).slice(),
    flag: String.fromCharCode(block[156]!),
    size,
    mode: mode & 0o777,
    mtime: readNumber(block.subarray(136, 148)),
    link: untilNul(block.subarray(157, 257)).slice(),
  };
}
