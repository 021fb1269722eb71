// Programs for Linux of which there is the beginning alone.

/** The headers of an ELF file, of the segments that are named by their types. */
export function elfHeaders(...segmentTypes: number[]): Uint8Array<ArrayBuffer> {
  const [start, size] = [64, 56];
  const bytes = new Uint8Array(start + size * segmentTypes.length);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(32, BigInt(start), true);
  view.setUint16(54, size, true);
  view.setUint16(56, segmentTypes.length, true);
  for (const [i, type] of segmentTypes.entries()) {
    view.setUint32(start + i * size, type, true);
  }
  return bytes;
}
