import type { Blobs } from "./stored_rows.ts";

/** Puts blobs into one buffer, which crosses a thread without being copied. */
export function packBlobs(blobs: readonly Uint8Array[]): Blobs {
  const lengths = blobs.map(({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, n) => sum + n, 0));
  let at = 0;
  for (const blob of blobs) {
    bytes.set(blob, at);
    at += blob.length;
  }
  return { bytes, lengths };
}

/** The blobs of a buffer, as views on it. */
export function unpackBlobs({ bytes, lengths }: Blobs): Uint8Array[] {
  let at = 0;
  return lengths.map((length) => bytes.subarray(at, at += length));
}

/** Some of the blobs, as views on the same buffer. */
export function sliceBlobs(
  { bytes, lengths }: Blobs,
  from: number,
  to: number,
): Blobs {
  const sum = (part: readonly number[]) => part.reduce((all, n) => all + n, 0);
  const some = lengths.slice(from, to);
  const start = sum(lengths.slice(0, from));
  return { bytes: bytes.subarray(start, start + sum(some)), lengths: some };
}
