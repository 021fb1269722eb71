// What makes a soak a failure: memory or descriptors that grow with time.
import type { Sample } from "./meter.ts";

/** The part of a run in which caches fill and code is compiled. */
const WARM_UP = 0.3;
/** What noise may look like, in MiB a minute: of what is in use. */
const SLOPE_MAX = 0.5;
/** Descriptors that come and go with what is being done just then. */
const DESCRIPTORS_SPARE = 16;
/** Samples below that number say nothing of a slope. */
const SAMPLES_MIN = 6;

/** What a run came to. */
export interface Verdict {
  /** How what is in use grew after the warm-up, in MiB a minute. */
  readonly slopeMiB: number;
  /** How what is resident did: with what allocators keep for the next time. */
  readonly residentSlopeMiB: number;
  /** How many more descriptors there were at most at its end than before. */
  readonly descriptorsMore: number;
  readonly problems: readonly string[];
}

/** Judges the samples of a run. */
export function judge(samples: readonly Sample[]): Verdict {
  const rest = samples.slice(Math.floor(samples.length * WARM_UP));
  const slopeOf = (of: (sample: Sample) => number) =>
    slope(rest.map((sample) => [sample.atS / 60, of(sample)]));
  const slopeMiB = slopeOf(({ usedMiB }) => usedMiB);
  const residentSlopeMiB = slopeOf(({ rssMiB }) => rssMiB);
  const half = Math.floor(rest.length / 2);
  const most = (part: readonly Sample[]) =>
    Math.max(0, ...part.map(({ descriptors }) => descriptors));
  const descriptorsMore = most(rest.slice(half)) - most(rest.slice(0, half));
  const problems: string[] = [];
  if (rest.length >= SAMPLES_MIN && slopeMiB > SLOPE_MAX) {
    problems.push(`memory grows by ${slopeMiB.toFixed(2)} MiB a minute`);
  }
  if (rest.length >= SAMPLES_MIN && descriptorsMore > DESCRIPTORS_SPARE) {
    problems.push(`there are ${descriptorsMore} more descriptors at the end`);
  }
  return { slopeMiB, residentSlopeMiB, descriptorsMore, problems };
}

/** The slope of the line that fits best. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(([x]) => x), mean(([, y]) => y)];
  const spread = points.reduce((sum, [px]) => sum + (px - x) ** 2, 0);
  const common = points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0);
  return spread === 0 ? 0 : common / spread;
}
