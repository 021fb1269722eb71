const BLOCK = 512;
/** How the format spells what an entry is. */
const TYPES = { file: "0", link: "2", folder: "5" } as const;

/** A file, a folder or a symbolic link of an archive. */
export interface TarEntry {
  /** Its path, of at most 100 ASCII characters. */
  readonly path: string;
  /** What it is. */
  readonly type: keyof typeof TYPES;
  /** Who may do what with it. */
  readonly mode: number;
  /** What a file holds. */
  readonly body?: Uint8Array;
  /** Where a link leads. */
  readonly target?: string;
}

/** Makes an archive; the same entries make the same bytes. */
export function packTar(
  entries: readonly TarEntry[],
): Uint8Array<ArrayBuffer> {
  const blocks = entries.map(({ body }) =>
    1 + Math.ceil((body?.length ?? 0) / BLOCK)
  );
  // Two empty blocks are the end.
  const total = blocks.reduce((sum, count) => sum + count, 2);
  const archive = new Uint8Array(total * BLOCK);
  let at = 0;
  for (const [i, entry] of entries.entries()) {
    archive.set(header(entry), at);
    archive.set(entry.body ?? [], at + BLOCK);
    at += blocks[i]! * BLOCK;
  }
  return archive;
}

/** A header as POSIX has it, "ustar", of root's files from 1970. */
function header({ path, type, mode, body, target }: TarEntry): Uint8Array {
  const bytes = new Uint8Array(BLOCK);
  const put = (text: string, at: number) =>
    bytes.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number) =>
    value.toString(8).padStart(digits, "0");
  put(path, 0);
  put(octal(mode, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(body?.length ?? 0, 11), 124);
  put(octal(0, 11), 136);
  put(TYPES[type], 156);
  put(target ?? "", 157);
  put("ustar\x0000", 257);
  // The sum is made with blanks where it goes.
  put(" ".repeat(8), 148);
  put(`${octal(bytes.reduce((sum, byte) => sum + byte, 0), 6)}\0`, 148);
  return bytes;
}
