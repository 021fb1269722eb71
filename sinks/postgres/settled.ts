import { SinkError } from "../sink_error.ts";
import type { Lane } from "./lane.ts";

/** For how long a long read goes by what it was told. */
const FRESH_MS = 250;
const WAIT_MS_MAX = 20;

/** How far a read may go. */
export interface Reach {
  /** The last seq that it may look at. */
  readonly seq: number;
  /** Whether the log was settled no further when the read began. */
  readonly isFresh: boolean;
}

/** How far the log is settled, see settled_function.ts. It only grows. */
export class Settled {
  readonly #lane: Lane;
  readonly #patienceMs: number;
  #own = 0;
  #seq = 0;
  #askedMs = -Infinity;

  constructor(lane: Lane, patienceMs: number) {
    this.#lane = lane;
    this.#patienceMs = patienceMs;
  }

  /** Notes a place that this sink has acknowledged: its own reads will see it. */
  acknowledge(seq: number): void {
    this.#own = Math.max(this.#own, seq);
  }

  /** How far a page may go. A later page of a long read does not ask again. */
  async behind(afterSeq: number, limit: number): Promise<Reach> {
    const isKnown = afterSeq > 0 && this.#seq - limit > afterSeq &&
      performance.now() - this.#askedMs < FRESH_MS;
    if (isKnown) return { seq: this.#seq, isFresh: false };
    return { seq: Math.max(await this.now(), afterSeq), isFresh: true };
  }

  /**
   * How far it is settled now, with everything that this sink has acknowledged, which
   * may have to wait for appends of others that drew their places before.
   */
  async now(): Promise<number> {
    const own = this.#own;
    const deadline = performance.now() + this.#patienceMs;
    for (let waitMs = 1;; waitMs = Math.min(waitMs * 2, WAIT_MS_MAX)) {
      const askedMs = performance.now();
      const sql = "SELECT seq, gate FROM ZU.settled()";
      const [row] = await this.#lane.read({ sql, params: [] }, "read");
      const [seq, gate] = [Number(row!.seq), Number(row!.gate)];
      if (seq >= this.#seq) [this.#seq, this.#askedMs] = [seq, askedMs];
      if (gate >= own) return seq;
      if (askedMs > deadline) throw unsettled(own, gate);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

function unsettled(own: number, seq: number): SinkError {
  return new SinkError(
    "io",
    `Cannot read up to seq ${own}: the log is settled up to ${seq}, since an ` +
      "append of another writer has not ended. See pg_stat_activity for one that " +
      "waits, for a standby perhaps, then try again",
    { seq: own },
  );
}
