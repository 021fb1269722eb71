/** What an ELF file begins with: for 64 bits, lowest byte first. */
const MAGIC = [0x7f, 0x45, 0x4c, 0x46, 2, 1];
const HEADER_BYTES = 64;
/** The program header that names a loader. */
const PT_INTERP = 3;

/**
 * Whether a file is a program for Linux that runs on its own, without a loader
 * and libraries beside it.
 */
export function isStaticProgram(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES) return false;
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  for (let i = 0; i < count; i++) {
    const at = start + i * size;
    if (at + 4 > bytes.length) return false;
    if (view.getUint32(at, true) === PT_INTERP) return false;
  }
  return count > 0;
}
