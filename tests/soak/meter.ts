// What is measured while a soak runs, ten seconds at a time.

/** How often the loop is looked at, and so the least delay that is seen. */
const TICK_MS = 20;
/** Latencies of an interval beyond that many are sampled no more. */
const SAMPLES_MAX = 200_000;

/** What an interval came to. */
export interface Sample {
  readonly atS: number;
  readonly eventsPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The longest that the event loop was held up. */
  readonly loopMs: number;
  /** What is resident, which also has what nothing points to any more. */
  readonly rssMiB: number;
  /** What is in use, after a collection: of JavaScript's heap, and beside it. */
  readonly usedMiB: number;
  readonly descriptors: number;
  readonly walMiB: number;
  /** How many sandboxes have come and gone. */
  readonly sandboxes: number;
}

/** Measures this process, and what it is told of. */
export class Meter {
  readonly #walPaths: readonly string[];
  readonly #startMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  #latencies: number[] = [];
  #events = 0;
  #sinceMs = performance.now();
  #tickMs = performance.now();
  #loopMs = 0;
  /** Every latency of the whole run, in microseconds, by its logarithm. */
  readonly #histogram = new Map<number, number>();
  sandboxes = 0;

  /** @param walPaths The write-ahead logs whose sizes count. */
  constructor(walPaths: readonly string[]) {
    this.#walPaths = walPaths;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#loopMs = Math.max(this.#loopMs, now - this.#tickMs - TICK_MS);
      this.#tickMs = now;
    }, TICK_MS);
  }

  /** Takes how long an append took. */
  appended(ms: number): void {
    this.#events++;
    if (this.#latencies.length < SAMPLES_MAX) this.#latencies.push(ms);
    const bucket = Math.round(Math.log2(ms * 1000 + 1) * 16);
    this.#histogram.set(bucket, (this.#histogram.get(bucket) ?? 0) + 1);
  }

  /** What has come since the last one. */
  async sample(): Promise<Sample> {
    const now = performance.now();
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const sample = {
      atS: Math.round((now - this.#startMs) / 1000),
      eventsPerS: this.#events / (now - this.#sinceMs) * 1000,
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
      maxMs: sorted.at(-1) ?? 0,
      loopMs: this.#loopMs,
      rssMiB: Deno.memoryUsage().rss / 2 ** 20,
      usedMiB: used(),
      descriptors: await countDescriptors(),
      walMiB: await sizeOf(this.#walPaths) / 2 ** 20,
      sandboxes: this.sandboxes,
    };
    this.#latencies = [];
    this.#events = 0;
    this.#sinceMs = now;
    this.#loopMs = 0;
    return sample;
  }

  /** A quantile of every latency of the run, to four percent. */
  overall(part: number): number {
    const buckets = [...this.#histogram].sort(([a], [b]) => a - b);
    const all = buckets.reduce((sum, [, count]) => sum + count, 0);
    let seen = 0;
    for (const [bucket, count] of buckets) {
      seen += count;
      if (seen >= all * part) return (2 ** (bucket / 16) - 1) / 1000;
    }
    return 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[
    Math.min(sorted.length - 1, Math.floor(sorted.length * part))
  ] ??
    0;
}

function used(): number {
  // It is there with --v8-flags=--expose-gc, as in the task.
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external } = Deno.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

async function countDescriptors(): Promise<number> {
  return (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).length;
}

async function sizeOf(paths: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const path of paths) {
    // It is there only while its log is open.
    bytes += (await Deno.stat(path).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}
