// A reader of SQLite's write-ahead log of our own, to know where its
// transactions end: https://sqlite.org/fileformat2.html#the_write_ahead_log

/** How long the header of the file is. */
const HEADER_BYTES = 32;
/** How long the header of each frame is; a page follows. */
export const FRAME_HEADER_BYTES = 24;
/** The last bit of the magic number tells the order of bytes in checksums. */
const MAGIC = 0x377f0682;

/** The bytes of one committed transaction: from its first frame to its last. */
export interface WalTransaction {
  /** Where its first frame begins. */
  readonly from: number;
  /** Where its last one, which commits it, ends. */
  readonly to: number;
}

/** What a write-ahead log says as a whole. */
export interface Wal {
  /** How long a frame is. */
  readonly frameBytes: number;
  /** The committed transactions, in order. */
  readonly transactions: readonly WalTransaction[];
}

/** Goes on with a checksum over some bytes. */
function checksum(
  [first, second]: readonly [number, number],
  bytes: DataView,
  isLittle: boolean,
): [number, number] {
  let s0 = first;
  let s1 = second;
  for (let at = 0; at < bytes.byteLength; at += 8) {
    s0 = (s0 + bytes.getUint32(at, isLittle) + s1) >>> 0;
    s1 = (s1 + bytes.getUint32(at + 4, isLittle) + s0) >>> 0;
  }
  return [s0, s1];
}

/**
 * Reads a write-ahead log up to its last committed transaction. What stands
 * behind is of the log's life before, or was not committed.
 */
export function readWal(wal: Uint8Array): Wal {
  const view = (from: number, length: number) =>
    new DataView(wal.buffer, wal.byteOffset + from, length);
  const header = view(0, HEADER_BYTES);
  const magic = header.getUint32(0);
  if ((magic & ~1) >>> 0 !== MAGIC) throw new Error("this is no WAL");
  const isLittle = magic === MAGIC;
  const frameBytes = FRAME_HEADER_BYTES + header.getUint32(8);
  const salts = header.getBigUint64(16);
  let sum = checksum([0, 0], view(0, 24), isLittle);
  const transactions: WalTransaction[] = [];
  let from = HEADER_BYTES;
  for (let at = from; at + frameBytes <= wal.length; at += frameBytes) {
    const frame = view(at, FRAME_HEADER_BYTES);
    sum = checksum(sum, view(at, 8), isLittle);
    const page = view(at + FRAME_HEADER_BYTES, frameBytes - FRAME_HEADER_BYTES);
    sum = checksum(sum, page, isLittle);
    const isValid = frame.getBigUint64(8) === salts &&
      frame.getUint32(16) === sum[0] && frame.getUint32(20) === sum[1];
    if (!isValid) break;
    if (frame.getUint32(4) === 0) continue;
    transactions.push({ from, to: at + frameBytes });
    from = at + frameBytes;
  }
  return { frameBytes, transactions };
}
