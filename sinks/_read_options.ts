// The checks of limit, afterSeq and batchSize, the same for every sink.
import type { QueryOptions, StreamOptions } from "./event_sink.ts";

/**
 * How many events a stream reads at a time when not told. Larger pages are
 * hardly faster, and have V8 grow its heap: streaming a million events takes
 * 45 MiB at 128, and 90 at 512 (Deno 2.9).
 */
export const BATCH_SIZE_DEFAULT = 128;
/** The most events that a stream may read at a time. */
export const BATCH_SIZE_MAX = 10_000;

function integer(name: string, value: number, min: number, max: number) {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(
      `${name}: ${value} is not an integer from ${min} to ${max}`,
    );
  }
  return value;
}

/** Checks an option that counts something, such as a size, a bound or a time. */
export function countOption(
  name: string,
  value: number | undefined,
  bounds: { min: number; max: number; default: number },
): number {
  return integer(name, value ?? bounds.default, bounds.min, bounds.max);
}

function afterSeqOption(value: number | undefined): number {
  return integer("afterSeq", value ?? 0, 0, Number.MAX_SAFE_INTEGER);
}

/** A query's options, checked and filled in. */
export function queryOptions(
  options: QueryOptions = {},
): { limit: number; afterSeq: number } {
  const { limit } = options;
  return {
    limit: limit === undefined
      ? Infinity
      : integer("limit", limit, 0, Number.MAX_SAFE_INTEGER),
    afterSeq: afterSeqOption(options.afterSeq),
  };
}

/** A stream's options, checked and filled in. */
export function streamOptions(options: StreamOptions = {}): {
  batchSize: number;
  afterSeq: number;
  follow: boolean;
  signal: AbortSignal | undefined;
} {
  return {
    batchSize: countOption("batchSize", options.batchSize, {
      min: 1,
      max: BATCH_SIZE_MAX,
      default: BATCH_SIZE_DEFAULT,
    }),
    afterSeq: afterSeqOption(options.afterSeq),
    follow: options.follow ?? false,
    signal: options.signal,
  };
}
