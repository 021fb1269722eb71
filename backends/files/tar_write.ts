import { encodeName } from "./file_names.ts";
import { BLOCK, checksumOf, paddingOf } from "./tar_header.ts";

/** What is to be said of an entry. */
export interface TarEntryHead {
  /** Its path, without a slash at either end. */
  readonly path: string;
  /** What it is. */
  readonly type: "file" | "directory" | "symlink";
  /** How many bytes its body has. */
  readonly size: number;
  /** Its permissions. */
  readonly mode: number;
  /** When it was changed, in seconds. */
  readonly mtime: number;
  /** What a link points to. */
  readonly link: string;
}

const FLAGS = { file: "0", directory: "5", symlink: "2" } as const;

/** How long a name may be in a header; a longer one comes before it. */
const NAME_MAX = 100;
/** The first number that does not fit into a field as octal digits. */
const OCTAL_END = 8 ** 11;

const encoder = new TextEncoder();

function putOctal(
  block: Uint8Array,
  at: number,
  digits: number,
  value: number,
): void {
  encoder.encodeInto(
    value.toString(8).padStart(digits, "0"),
    block.subarray(at, at + digits),
  );
}

/** A size as octal digits, or in base 256 where it is too large for that. */
function putSize(block: Uint8Array, size: number): void {
  if (size < OCTAL_END) return putOctal(block, 124, 11, size);
  let rest = size;
  for (let at = 135; at > 124; at--) {
    block[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  block[124] = 0x80;
}

function header(
  path: Uint8Array,
  link: Uint8Array,
  flag: string,
  { size, mode, mtime }: Pick<TarEntryHead, "size" | "mode" | "mtime">,
): Uint8Array {
  const block = new Uint8Array(BLOCK);
  block.set(path.subarray(0, NAME_MAX));
  putOctal(block, 100, 7, mode);
  // Owners stay out: who extracts it owns it.
  putOctal(block, 108, 7, 0);
  putOctal(block, 116, 7, 0);
  putSize(block, size);
  const seconds = Math.floor(mtime);
  putOctal(block, 136, 11, seconds >= 0 && seconds < OCTAL_END ? seconds : 0);
  block[156] = flag.charCodeAt(0);
  block.set(link.subarray(0, NAME_MAX), 157);
  encoder.encodeInto("ustar  ", block.subarray(257));
  putOctal(block, 148, 6, checksumOf(block));
  block[155] = 32;
  return block;
}

/** A name that is too long for a header, as an entry of its own before it. */
function longName(flag: "L" | "K", name: Uint8Array): Uint8Array[] {
  if (name.length <= NAME_MAX) return [];
  const size = name.length + 1;
  const body = new Uint8Array(size + paddingOf(size));
  body.set(name);
  const path = encoder.encode("././@LongLink");
  const about = { size, mode: 0o644, mtime: 0 };
  return [header(path, new Uint8Array(), flag, about), body];
}

/**
 * What stands before an entry's body. Long names are stored as GNU does it, since
 * BusyBox passes over POSIX's way, and cuts them off.
 *
 * @param entry The entry; its path and link have bytes, as of `encodeName`.
 * @returns One or more blocks.
 */
export function entryHead(entry: TarEntryHead): Uint8Array[] {
  const slash = entry.type === "directory" ? "/" : "";
  const path = encodeName(entry.path + slash) ?? new Uint8Array();
  const link = encodeName(entry.link) ?? new Uint8Array();
  return [
    ...longName("K", link),
    ...longName("L", path),
    header(path, link, FLAGS[entry.type], entry),
  ];
}

/** What stands behind an entry's body, to the next block. */
export function entryTail(size: number): Uint8Array {
  return new Uint8Array(paddingOf(size));
}

/** What stands at an archive's end. */
export function archiveEnd(): Uint8Array {
  return new Uint8Array(2 * BLOCK);
}
