/** The little of a file that is read: some bytes, from a place on, one call at a time. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

/** What the loader has to know of a program or library. */
export interface ElfFile {
  /** For which processors it is, as the file's number; see {@linkcode ARCHITECTURES}. */
  readonly machine: number;
  /** The loader that it asks for; undefined for a library, or a static program. */
  readonly interpreter: string | undefined;
  /** The names of the libraries that it needs. */
  readonly needed: readonly string[];
  /** Folders that it says are to be searched before the usual ones. */
  readonly runPath: readonly string[];
}

/** The numbers of processors that there are builds of Deno for, as engines call them. */
export const ARCHITECTURES: ReadonlyMap<number, string> = new Map([
  [62, "amd64"],
  [183, "arm64"],
]);

/** A file that is no ELF file, or is broken. */
export class ElfError extends Error {
  override readonly name = "ElfError";
}

/** Bounds of what is read, far above what linkers write. */
const PROGRAM_HEADERS_MAX = 256;
const DYNAMIC_BYTES_MAX = 1024 * 1024;
const STRING_BYTES_MAX = 4096;
const NEEDED_MAX = 256;

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const DYNAMIC_ENTRY_BYTES = 16;

const PT = { load: 1, dynamic: 2, interp: 3 } as const;
const DT = { null: 0, needed: 1, strtab: 5, rpath: 15, runpath: 29 } as const;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/**
 * Reads what an ELF file says of its loader and libraries: of one with 64 bits and
 * the low byte first, as every Linux that Deno is built for has them. It is not
 * run, as `ldd` may do.
 *
 * @param readAt Reads from the file; gives fewer bytes at its end.
 * @throws {ElfError} If it is another kind of file, or is broken.
 */
export async function readElf(readAt: ReadAt): Promise<ElfFile> {
  const read = async (offset: number, length: number) => {
    if (!Number.isSafeInteger(offset + length)) throw broken("a place in it");
    const bytes = await readAt(offset, length);
    if (bytes.length < length) throw new ElfError("it ends too early");
    return viewOf(bytes);
  };
  const head = viewOf(await readAt(0, HEADER_BYTES));
  if (head.byteLength < 4 || head.getUint32(0) !== 0x7f454c46) {
    throw new ElfError("it is no ELF file");
  }
  if (head.byteLength < HEADER_BYTES) throw new ElfError("it ends too early");
  if (head.getUint8(4) !== 2 || head.getUint8(5) !== 1) {
    throw new ElfError("it is not for a little-endian processor of 64 bits");
  }
  const segments = await readSegments(head, read);
  const interp = segments.find(({ type }) => type === PT.interp);
  const dynamic = segments.find(({ type }) => type === PT.dynamic);
  const loads = segments.filter(({ type }) => type === PT.load);
  return {
    machine: head.getUint16(18, true),
    interpreter: interp &&
      await readString(readAt, interp.offset, interp.size),
    ...(dynamic === undefined
      ? { needed: [], runPath: [] }
      : await readDynamic(dynamic, loads, read, readAt)),
  };
}

type Read = (offset: number, length: number) => Promise<DataView>;

async function readSegments(head: DataView, read: Read): Promise<Segment[]> {
  const size = head.getUint16(54, true);
  const count = head.getUint16(56, true);
  if (count === 0) return [];
  if (size !== PROGRAM_HEADER_BYTES || count > PROGRAM_HEADERS_MAX) {
    throw broken("its table of segments");
  }
  const table = await read(number(head, 32), size * count);
  return Array.from({ length: count }, (_, index) => {
    const at = index * size;
    return {
      type: table.getUint32(at, true),
      offset: number(table, at + 8),
      address: number(table, at + 16),
      size: number(table, at + 32),
    };
  });
}

async function readDynamic(
  dynamic: Segment,
  loads: readonly Segment[],
  read: Read,
  readAt: ReadAt,
): Promise<Pick<ElfFile, "needed" | "runPath">> {
  if (dynamic.size > DYNAMIC_BYTES_MAX) throw broken("its dynamic section");
  const length = dynamic.size - dynamic.size % DYNAMIC_ENTRY_BYTES;
  const table = await read(dynamic.offset, length);
  const needed: number[] = [];
  const paths = new Map<number, number>();
  let strings: number | undefined;
  for (let at = 0; at < length; at += DYNAMIC_ENTRY_BYTES) {
    const tag = number(table, at);
    if (tag === DT.null) break;
    if (tag === DT.strtab) strings = fileOffset(number(table, at + 8), loads);
    if (tag === DT.needed) needed.push(number(table, at + 8));
    if (tag === DT.rpath || tag === DT.runpath) {
      paths.set(tag, number(table, at + 8));
    }
  }
  if (needed.length > NEEDED_MAX) throw broken("its list of libraries");
  const text = async (offset: number) => {
    if (strings === undefined) throw broken("its table of names");
    return await readString(readAt, strings + offset);
  };
  const names: string[] = [];
  for (const offset of needed) names.push(await text(offset));
  const path = paths.get(DT.runpath) ?? paths.get(DT.rpath);
  const runPath = path === undefined ? "" : await text(path);
  return {
    needed: names,
    runPath: runPath.split(":").filter((folder) => folder !== ""),
  };
}

/** Where in the file something is that has an address in memory. */
function fileOffset(address: number, loads: readonly Segment[]): number {
  for (const load of loads) {
    const within = address - load.address;
    if (within >= 0 && within < load.size) return load.offset + within;
  }
  throw broken("its table of names");
}

async function readString(
  readAt: ReadAt,
  offset: number,
  size = STRING_BYTES_MAX,
): Promise<string> {
  const length = Math.min(size, STRING_BYTES_MAX);
  if (!Number.isSafeInteger(offset + length)) throw broken("a name");
  const bytes = await readAt(offset, length);
  const end = bytes.indexOf(0);
  if (end <= 0) throw broken("a name");
  try {
    return new TextDecoder("utf-8", { fatal: true })
      .decode(bytes.subarray(0, end));
  } catch (cause) {
    throw new ElfError("it is broken: a name is no text", { cause });
  }
}

/** A number of 64 bits; one that is no place in any file becomes a wrong one. */
function number(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function broken(what: string): ElfError {
  return new ElfError(`it is broken: ${what} makes no sense`);
}
