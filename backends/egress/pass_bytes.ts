import { ChunkedScanner } from "./chunked_scanner.ts";
import { LargeBuffers } from "./large_buffers.ts";
import { MalformedMessage } from "./request_head.ts";
import type { BodyFraming } from "./message_body.ts";
import type { Wire } from "./wire.ts";

/** A connection that says little costs little; one that is in full flow, more. */
const SMALL_BYTES = 16 * 1024;
const LARGE_BYTES = 256 * 1024;
/** How much has to come at once for a large buffer to be kept. */
const LARGE_BYTES_USED = 64 * 1024;
/** How many large ones all connections of this process have between them. */
const LARGE_MAX = 64;
const largeBuffers = new LargeBuffers({ max: LARGE_MAX, bytes: LARGE_BYTES });

/** Counts bytes that are about to be passed on; false if they may not be. */
export type Count = (bytes: number) => boolean;

/** The other side cannot be written to; it may still have something to say. */
export class WriteFault extends Error {
  constructor(cause: unknown) {
    super("The other side takes no more", { cause });
  }
}

/**
 * Passes on whatever comes, until there is no more.
 *
 * @throws {WriteFault} If it cannot be written.
 */
export async function passAll(
  from: Wire,
  to: Wire,
  count: Count,
): Promise<void> {
  await pass(from, to, count, { accept: (bytes) => bytes.length });
}

/**
 * Passes on a body, and not a byte of what follows it.
 *
 * @throws {MalformedMessage} If it is no such body, or ends before its end.
 * @throws {WriteFault} If it cannot be written.
 */
export async function passBody(
  from: Wire,
  to: Wire,
  framing: BodyFraming,
  count: Count,
): Promise<void> {
  if (framing.kind === "close") return await passAll(from, to, count);
  if (framing.kind === "none") return;
  if (framing.kind === "chunked") {
    const scanner = new ChunkedScanner();
    return await pass(from, to, count, {
      accept: (bytes) => scanner.push(bytes),
      isDone: () => scanner.isDone,
    });
  }
  let left = framing.length;
  await pass(from, to, count, {
    accept: (bytes) => {
      const taken = Math.min(left, bytes.length);
      left -= taken;
      return taken;
    },
    isDone: () => left === 0,
  });
}

/** What of the bytes that come is passed on. */
interface Share {
  /** How many of these are. */
  accept(bytes: Uint8Array): number;
  /** Whether that was all; if it is missing, all there is belongs to it. */
  isDone?(): boolean;
}

async function pass(
  from: Wire,
  to: Wire,
  count: Count,
  share: Share,
): Promise<void> {
  const small = new Uint8Array(SMALL_BYTES);
  let large: Uint8Array<ArrayBuffer> | undefined;
  try {
    while (share.isDone?.() !== true) {
      const buffer = large ?? small;
      const read = await from.read(buffer);
      if (read === null) {
        if (share.isDone === undefined) return;
        throw new MalformedMessage("it ended before its body did");
      }
      // What comes too late goes nowhere, and does not count.
      if (to.isClosed) throw new WriteFault("closed");
      const accepted = share.accept(buffer.subarray(0, read));
      if (!count(accepted)) return;
      try {
        await to.write(buffer.subarray(0, accepted));
      } catch (cause) {
        throw new WriteFault(cause);
      }
      if (read === buffer.length || read >= LARGE_BYTES_USED) {
        large ??= largeBuffers.take();
      } else if (large !== undefined) {
        largeBuffers.give(large);
        large = undefined;
      }
    }
  } finally {
    if (large !== undefined) largeBuffers.give(large);
  }
}
