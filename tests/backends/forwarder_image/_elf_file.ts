// ELF files made by hand: what is said in them, and what a test makes of it.

/** What a file is to say. */
export interface ElfParts {
  readonly machine?: number;
  readonly interpreter?: string;
  readonly needed?: readonly string[];
  readonly runPath?: string;
}

/** Where things are in a file that {@linkcode elfFile} made. */
export const AT = {
  class: 4,
  order: 5,
  machine: 18,
  tableOffset: 32,
  entrySize: 54,
  entryCount: 56,
  segments: 64,
} as const;

const SEGMENT = 56;
const BASE = 0x40_0000;

/** A file with three segments: the loader's name, the dynamic section, and all. */
export function elfFile(parts: ElfParts = {}): Uint8Array<ArrayBuffer> {
  const { machine = 62, interpreter, needed = [], runPath } = parts;
  const encoder = new TextEncoder();
  const strings = ["", ...needed, ...(runPath === undefined ? [] : [runPath])];
  const offsets: number[] = [];
  let table = "";
  for (const string of strings) {
    offsets.push(encoder.encode(table).length);
    table += `${string}\0`;
  }
  const names = encoder.encode(table);
  const interp = encoder.encode(`${interpreter ?? ""}\0`);
  const tags: [number, number][] = [
    ...needed.map((_, index): [number, number] => [1, offsets[index + 1]!]),
    ...(runPath === undefined
      ? []
      : [[29, offsets.at(-1)!] as [number, number]]),
  ];
  const interpAt = AT.segments + 3 * SEGMENT;
  const namesAt = interpAt + interp.length;
  const dynamicAt = namesAt + names.length;
  const dynamicSize = (tags.length + 2) * 16;
  const size = dynamicAt + dynamicSize;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x7f454c46);
  bytes[AT.class] = 2;
  bytes[AT.order] = 1;
  view.setUint16(AT.machine, machine, true);
  view.setBigUint64(AT.tableOffset, BigInt(AT.segments), true);
  view.setUint16(AT.entrySize, SEGMENT, true);
  view.setUint16(AT.entryCount, 3, true);
  const segments = [
    [interpreter === undefined ? 0 : 3, interpAt, interp.length],
    [2, dynamicAt, dynamicSize],
    [1, 0, size],
  ] as const;
  for (const [index, [type, offset, length]] of segments.entries()) {
    const at = AT.segments + index * SEGMENT;
    view.setUint32(at, type, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, BigInt(BASE + offset), true);
    view.setBigUint64(at + 32, BigInt(length), true);
  }
  bytes.set(interp, interpAt);
  bytes.set(names, namesAt);
  const entries = [...tags, [5, BASE + namesAt] as [number, number]];
  for (const [index, [tag, value]] of entries.entries()) {
    view.setBigUint64(dynamicAt + index * 16, BigInt(tag), true);
    view.setBigUint64(dynamicAt + index * 16 + 8, BigInt(value), true);
  }
  return bytes;
}
