import { BackendError } from "../backend_error.ts";

/** Which of a program's streams bytes come from. */
export type OutputName = "stdout" | "stderr";

/** Bytes of one of a program's streams. */
export interface Output {
  readonly name: OutputName;
  readonly bytes: Uint8Array;
}

const HEADER_BYTES = 8;

/**
 * Takes apart the one stream in which the engine sends a program's two: frames of
 * a header (the stream's number, three zeros, the length) and that many bytes.
 *
 * Bytes are passed on as they come, without waiting for the end of a frame, so
 * that no frame has to be held, however long.
 */
export class FrameDecoder {
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerLength = 0;
  #bodyLeft = 0;
  #name: OutputName = "stdout";

  /** Whether the stream may end here. */
  get isWhole(): boolean {
    return this.#headerLength === 0 && this.#bodyLeft === 0;
  }

  /**
   * Takes the next bytes of the stream, cut anywhere.
   *
   * @throws {BackendError} `engine_failed`, for what is no header.
   */
  *push(chunk: Uint8Array): Generator<Output, void, undefined> {
    for (let at = 0; at < chunk.length;) {
      if (this.#bodyLeft > 0) {
        const bytes = chunk.subarray(at, at + this.#bodyLeft);
        this.#bodyLeft -= bytes.length;
        at += bytes.length;
        yield { name: this.#name, bytes };
        continue;
      }
      this.#header[this.#headerLength++] = chunk[at++]!;
      if (this.#headerLength === HEADER_BYTES) this.#readHeader();
    }
  }

  #readHeader(): void {
    const [stream, a, b, c] = this.#header;
    // A tool that the engine could not start is reported on stream 0 by some.
    if (stream! > 2 || a !== 0 || b !== 0 || c !== 0) {
      throw new BackendError(
        "engine_failed",
        `Cannot read a program's output: the engine sent ${this.#header} where ` +
          "the header of a frame must be",
      );
    }
    this.#name = stream === 2 ? "stderr" : "stdout";
    this.#bodyLeft = new DataView(this.#header.buffer).getUint32(4);
    this.#headerLength = 0;
  }
}
