import { frame, type OutputStream } from "./frames.ts";
import type { ProcessOutput } from "./fake_process.ts";

/** A line of a container's output. */
export interface LogLine {
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  /** Where it was written. */
  readonly stream: OutputStream;
  /** The line, with its newline if it has one. */
  readonly bytes: Uint8Array;
}

/** Somebody who is attached to a container. */
export interface Attached {
  /** Which outputs are wanted. */
  readonly streams: readonly OutputStream[];
  /** Takes a frame, or bare bytes with a terminal. */
  write(bytes: Uint8Array): Promise<void>;
  /** Is told that the container has ended. */
  end(): void;
}

/** How many bytes are kept: the last ones. */
const LOG_BYTES_MAX = 4 * 1024 * 1024;

/** The output of a container's first process: kept, and passed on. */
export class OutputLog implements ProcessOutput {
  /** What was written, a line each, as the engine's `json-file` keeps it. */
  readonly lines: LogLine[] = [];
  readonly #isTerminal: boolean;
  readonly #now: () => number;
  readonly #attached = new Set<Attached>();
  #size = 0;

  /**
   * Makes an empty log.
   *
   * @param isTerminal Whether there are no frames.
   * @param now Tells the time.
   */
  constructor(isTerminal: boolean, now: () => number) {
    this.#isTerminal = isTerminal;
    this.#now = now;
  }

  /** Keeps bytes, and passes them on to who is attached now. */
  async write(stream: OutputStream, bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const newline = bytes.indexOf(10, from);
      const to = newline < 0 ? bytes.length : newline + 1;
      const line = bytes.subarray(from, to);
      this.lines.push({ at: this.#now(), stream, bytes: line });
      from = to;
    }
    this.#size += bytes.length;
    while (this.#size > LOG_BYTES_MAX) {
      this.#size -= this.lines.shift()?.bytes.length ?? this.#size;
    }
    const framed = this.framed({ stream, bytes });
    const wanting = [...this.#attached].filter(({ streams }) =>
      streams.includes(stream)
    );
    await Promise.all(wanting.map((attached) => attached.write(framed)));
  }

  /** Bytes as they go to a client. */
  framed(
    { stream, bytes }: Pick<LogLine, "stream" | "bytes">,
  ): Uint8Array {
    return this.#isTerminal ? bytes : frame(stream, bytes);
  }

  /** Passes on to somebody what is written from now on. */
  attach(attached: Attached): void {
    this.#attached.add(attached);
  }

  /** Passes on no more. */
  detach(attached: Attached): void {
    this.#attached.delete(attached);
  }

  /** Tells everyone that there is no more to come. */
  end(): void {
    const all = [...this.#attached];
    this.#attached.clear();
    for (const attached of all) attached.end();
  }
}
