import { createHash } from "node:crypto";
import { BIG_BYTES } from "../plan.ts";

const BLOCK_BYTES = 1024 * 1024;

/** The big download, block by block: no two are alike. */
export function* bigBody(): Generator<Uint8Array> {
  const block = new Uint8Array(BLOCK_BYTES);
  let state = 1;
  for (let at = 0; at < BLOCK_BYTES; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    block[at] = state >>> 16;
  }
  const view = new DataView(block.buffer);
  for (let i = 0; i < BIG_BYTES / BLOCK_BYTES; i++) {
    view.setUint32(0, i);
    yield block;
  }
}

/** The SHA-256 of the big download, in hexadecimal digits. */
export function bigBodyHash(): string {
  const hash = createHash("sha256");
  for (const block of bigBody()) hash.update(block);
  return hash.digest("hex");
}
