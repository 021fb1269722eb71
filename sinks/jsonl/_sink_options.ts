import { checkCtxFields } from "../event_filter.ts";
import { countOption } from "../_read_options.ts";
import type { SinkError } from "../sink_error.ts";
import { DENO_FILE_OPS, type FileOps } from "./_file_ops.ts";
import { LINE_BYTES_MAX } from "./_lines.ts";

const MEBIBYTE = 1024 * 1024;

/** When an append counts as stored; see {@linkcode JsonlSinkOptions.fsync}. */
export type FsyncPolicy = "always" | "batch" | "never";

const FSYNC_POLICIES: readonly FsyncPolicy[] = ["always", "batch", "never"];

/** Options of {@linkcode JsonlSink}. */
export interface JsonlSinkOptions {
  /**
   * When an append resolves. `"batch"`: the appends that came while the disk was
   * busy share a write and an fsync, and resolve when that is done. `"always"`:
   * each append has a write and an fsync of its own. `"never"`: when the
   * operating system has taken it, which a power cut may undo.
   * @default {"batch"}
   */
  readonly fsync?: FsyncPolicy;
  /**
   * How long the live part grows, in bytes, before it is rotated; 1 or more. One
   * append, or the appends of one event, that are longer still stay together.
   * @default {67_108_864}
   */
  readonly maxBytes?: number;
  /**
   * Over how many of the newest rotated parts a repeated `event_id` is
   * recognised, beside the live part; 0 to 64. Their ids are held in memory, at
   * 20 to 55 bytes each.
   * @default {4}
   */
  readonly rememberedParts?: number;
  /**
   * Fields of `payload.ctx` to filter by, at most 32. Lines are read to filter
   * them, so this needs no index.
   * @default {[]}
   */
  readonly ctxFields?: readonly string[];
  /** Signs each event's hash with HMAC-SHA256. */
  readonly signKey?: Uint8Array;
  /**
   * How many events may wait to be written, 1 to 1,000,000. Beyond that appends
   * fail with `overloaded`.
   * @default {10_000}
   */
  readonly queueMax?: number;
  /**
   * How large a stored event may be, in bytes, 1 KiB to 128 MiB.
   * @default {67_108_864}
   */
  readonly eventBytesMax?: number;
  /**
   * Called with each line that cannot be read; reading then goes on past it.
   * When left out, reading fails at the first such line.
   */
  readonly onCorrupt?: (error: SinkError) => void;
  /**
   * Called when a rotated part could not be compressed or the index file could
   * not be written. The log is whole without either, and both are tried again
   * at the next rotation and the next open.
   */
  readonly onBackgroundError?: (error: SinkError) => void;
  /**
   * What the log's files are worked with: for tests of what happens when a disk
   * fails.
   * @default {Deno's file API}
   */
  readonly fileOps?: FileOps;
}

/** Options with nothing left open. */
export interface CheckedOptions {
  /** See {@linkcode JsonlSinkOptions.fsync}. */
  readonly fsync: FsyncPolicy;
  /** See {@linkcode JsonlSinkOptions.maxBytes}. */
  readonly maxBytes: number;
  /** See {@linkcode JsonlSinkOptions.rememberedParts}. */
  readonly rememberedParts: number;
  /** See {@linkcode JsonlSinkOptions.ctxFields}. */
  readonly ctxFields: readonly string[];
  /** See {@linkcode JsonlSinkOptions.signKey}. */
  readonly signKey: Uint8Array | undefined;
  /** See {@linkcode JsonlSinkOptions.queueMax}. */
  readonly queueMax: number;
  /** See {@linkcode JsonlSinkOptions.eventBytesMax}. */
  readonly eventBytesMax: number;
  /** See {@linkcode JsonlSinkOptions.onCorrupt}. */
  readonly onCorrupt: ((error: SinkError) => void) | undefined;
  /** See {@linkcode JsonlSinkOptions.onBackgroundError}. */
  readonly onBackgroundError: ((error: SinkError) => void) | undefined;
  /** See {@linkcode JsonlSinkOptions.fileOps}. */
  readonly fileOps: FileOps;
}

/** Checks a sink's options and fills in what was left out. */
export function checkOptions(options: JsonlSinkOptions): CheckedOptions {
  const { fsync = "batch", signKey } = options;
  if (!FSYNC_POLICIES.includes(fsync)) {
    const policies = FSYNC_POLICIES.map((policy) => `"${policy}"`).join(", ");
    throw new RangeError(`fsync: "${fsync}" is not one of ${policies}`);
  }
  return {
    fsync,
    // Not by slice, which on a Buffer gives a view of the caller's bytes.
    signKey: signKey && Uint8Array.from(signKey),
    ctxFields: checkCtxFields(options.ctxFields ?? []),
    maxBytes: countOption("maxBytes", options.maxBytes, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      default: 64 * MEBIBYTE,
    }),
    rememberedParts: countOption("rememberedParts", options.rememberedParts, {
      min: 0,
      max: 64,
      default: 4,
    }),
    queueMax: countOption("queueMax", options.queueMax, {
      min: 1,
      max: 1_000_000,
      default: 10_000,
    }),
    eventBytesMax: countOption("eventBytesMax", options.eventBytesMax, {
      min: 1024,
      max: LINE_BYTES_MAX,
      default: 64 * MEBIBYTE,
    }),
    onCorrupt: options.onCorrupt,
    onBackgroundError: options.onBackgroundError,
    fileOps: options.fileOps ?? DENO_FILE_OPS,
  };
}
