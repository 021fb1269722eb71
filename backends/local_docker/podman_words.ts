import type { Output } from "./frames.ts";

/** How much of the beginning and of the end is looked at. */
const TEXT_BYTES_MAX = 512;

/**
 * What Podman itself says on a program's stderr, for want of another place. A
 * program could say it, too, and would then be taken for one that failed.
 */
export class PodmanWords {
  #head = "";
  #tail = "";

  /** Takes what comes. */
  take({ name, bytes }: Output): void {
    if (name !== "stderr") return;
    const text = (part: Uint8Array) => new TextDecoder().decode(part);
    if (this.#head.length < TEXT_BYTES_MAX) {
      this.#head += text(bytes.subarray(0, TEXT_BYTES_MAX));
    }
    this.#tail = (this.#tail + text(bytes.subarray(-TEXT_BYTES_MAX)))
      .slice(-TEXT_BYTES_MAX);
  }

  /** Whether it says that its runtime could not start the program. */
  get couldNotStart(): boolean {
    return /^Error: .*: OCI /s.test(this.#head);
  }

  /**
   * Whether it says that it lost the program's streams: it does when a program
   * ends that had input left to read, and what was written last is gone then.
   */
  get lostOutput(): boolean {
    return !this.couldNotStart &&
      /Error: (?:read|write) unixpacket \S+: .*(?:connection reset by peer|broken pipe)\n$/
        .test(this.#tail);
  }
}
