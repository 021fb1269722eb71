import { assertEquals } from "@std/assert";
import type { AuditableSink } from "../../sinks/mod.ts";
import { eventually } from "./_eventually.ts";

/** A stream that follows a log, and all that it has shown. */
export class Follower {
  /** The places that it has shown, in its order. */
  readonly seqs: number[] = [];
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  /** Follows a log from its beginning. */
  constructor(sink: AuditableSink) {
    this.#ended = this.#follow(sink);
    // It is told at the end, or with what has been waited for in vain.
    this.#ended.catch(() => {});
  }

  async #follow(sink: AuditableSink): Promise<void> {
    const { signal } = this.#stop;
    try {
      for await (const { seq } of sink.stream({}, { follow: true, signal })) {
        this.seqs.push(seq);
      }
    } catch (error) {
      if (error !== signal.reason) throw error;
    }
  }

  /** Waits until it has shown a place, and ends it. */
  async endAt(seq: number): Promise<void> {
    const hasFailed = this.#ended.then(() => false);
    await Promise.race([
      hasFailed,
      eventually(`place ${seq} in a stream`, () => this.seqs.at(-1) === seq),
    ]);
    this.#stop.abort();
    await this.#ended;
  }

  /** Asserts that it shows what the log has: all of it, in order, and nothing twice. */
  async endLike(seqs: readonly number[]): Promise<void> {
    await this.endAt(seqs.at(-1)!);
    assertEquals(this.seqs, seqs);
  }
}
