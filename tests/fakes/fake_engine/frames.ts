/** Which of a program's outputs a frame carries. */
export type OutputStream = "stdout" | "stderr";

/** How long a frame's header is. */
export const FRAME_HEADER_BYTES = 8;

/**
 * Bytes of an output as the engine frames them in a stream without a terminal:
 * 1 or 2, three zeros, the length in four bytes, the bytes.
 */
export function frame(stream: OutputStream, bytes: Uint8Array): Uint8Array {
  const framed = new Uint8Array(FRAME_HEADER_BYTES + bytes.length);
  framed[0] = stream === "stdout" ? 1 : 2;
  new DataView(framed.buffer).setUint32(4, bytes.length);
  framed.set(bytes, FRAME_HEADER_BYTES);
  return framed;
}
