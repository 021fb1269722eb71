import { headEnd } from "./request_head.ts";
import type { Wire } from "./wire.ts";

/** The end of a head, which may come in pieces. */
const END_BYTES = 4;

/** A head that has no end in sight. */
export class HeadTooLong extends Error {
  constructor(bytesMax: number) {
    super(`its head is longer than ${bytesMax} bytes`);
  }
}

/**
 * Reads the head of a message.
 *
 * @returns Its bytes, or undefined if the connection ended before.
 * @throws {HeadTooLong}
 */
export async function readHead(
  wire: Wire,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  for (let from = 0;;) {
    const end = headEnd(wire.buffered, from);
    if (end > bytesMax) throw new HeadTooLong(bytesMax);
    if (end >= 0) return wire.take(end);
    const { length } = wire.buffered;
    if (length >= bytesMax) throw new HeadTooLong(bytesMax);
    from = Math.max(0, length - END_BYTES + 1);
    if (!await wire.more()) return undefined;
  }
}
